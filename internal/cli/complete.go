package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/session"
)

// completePackage offers the main packages of the module that -C leads to. What cannot be
// read offers nothing: a shell is no place for errors.
func (c Call) completePackage(f *flags) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault // arguments of the app
		}
		module, err := project.FindModule(session.Absolute(c.Dir, f.Dir), c.Env)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var patterns []string
		for _, p := range project.Mains(module, c.Env) {
			if strings.HasPrefix(p.Pattern, begun) {
				patterns = append(patterns, p.Pattern)
			}
		}
		return patterns, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlags offers the values of flags that know theirs.
func completeFlags(c *cobra.Command, values map[string]cobra.CompletionFunc) {
	for name, complete := range values {
		_ = c.RegisterFlagCompletionFunc(name, complete) // fails for unknown flags only
	}
}
