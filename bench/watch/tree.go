package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// plant makes the unrelated files, half in node_modules, which git ignores, half plain data,
// and a package of the program whose files differ between two branches. The service itself
// is copied beside them later.
func plant(dir string, s size) error {
	each := s.files / s.folders
	for i := range s.folders {
		folder := filepath.Join(dir, [...]string{"node_modules", "data"}[i%2], fmt.Sprint(i/100), fmt.Sprint(i))
		if err := fill(folder, each, func(n int) (string, string) { return fmt.Sprint(n, ".dat"), "some data\n" }); err != nil {
			return err
		}
	}
	main := func(int) (string, string) {
		return "bulk.go", "package main\n\nimport _ \"example.com/ginapp/internal/bulk\"\n"
	}
	if err := fill(dir, 1, main); err != nil {
		return err
	}
	if err := git(dir, "init", "-q", "-b", "one"); err != nil {
		return err
	}
	ignores := func(int) (string, string) { return "exclude", "node_modules\n" }
	if err := fill(filepath.Join(dir, ".git", "info"), 1, ignores); err != nil {
		return err
	}
	for n, branch := range []string{"other", "one"} {
		bulk := func(i int) (string, string) {
			return fmt.Sprintf("f%d.go", i), fmt.Sprintf("package bulk\n\nconst c%d = %d\n", i, n)
		}
		if err := fill(filepath.Join(dir, "internal", "bulk"), s.switched, bulk); err != nil {
			return err
		}
		for _, args := range [][]string{
			{"checkout", "-q", "-B", branch}, {"add", "bulk.go", "internal/bulk"},
			{"-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", branch},
		} {
			if err := git(dir, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill writes some files into a folder.
func fill(folder string, files int, file func(n int) (name, text string)) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for n := range files {
		name, text := file(n)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func git(dir string, args ...string) error {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return nil
}
