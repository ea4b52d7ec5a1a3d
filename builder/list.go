package builder

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
)

// List asks go list for the package of s and all that it depends on, chosen as Build
// chooses: the same tags, flags and system. It returns JSON, one object a package with
// the given fields; packages with mistakes are among them. It fails where the go
// command can tell nothing, as with a broken go.mod, and with ctx's cause. One call at a
// time; it may run beside Build.
func (b *Builder) List(ctx context.Context, s Spec, fields ...string) ([]byte, error) {
	work := filepath.Join(b.works(), "list")
	defer remove(work)
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, err
	}
	choice, err := choice(s)
	if err != nil {
		return nil, err
	}
	cmd, err := s.goCommand(append([]string{"list", "-deps", "-e", "-json=" + strings.Join(fields, ",")}, choice...), work)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	var said bounded
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := b.run(ctx, cmd); err != nil {
		if text := headline(said.String(), diagnose(said.String(), s.Dir, s.Base)); text != "" && ctx.Err() == nil {
			return nil, &Failure{text}
		}
		return nil, err
	}
	return out.Bytes(), nil
}
