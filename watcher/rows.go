package watcher

import (
	"path"
	"slices"
	"strings"
)

// row is the built-in table: what a file is for, by its name and the folders of
// its path (relative to Root, on slashes) alone. First match wins.
func row(rel string) verdict {
	base := path.Base(rel)
	kind := strings.ToLower(strings.TrimPrefix(path.Ext(base), "."))
	folders := strings.Split(path.Dir(rel), "/")
	switch {
	case strings.HasPrefix(base, ".env"):
		return verdict{action: Restart} // git ignores it more often than not
	case strings.HasPrefix(base, "."):
		return verdict{}
	case compiled(base, kind, folders):
		return verdict{action: Rebuild}
	case tooling(base):
		return verdict{}
	case config(base, kind, folders), template(kind, folders):
		return verdict{action: Restart, askGit: true}
	case kind == "html", kind == "htm", asset(kind):
		return verdict{action: Refresh, askGit: true}
	}
	return verdict{}
}

// compiled reports whether go build reads the file. What lies beside Go files in
// C or assembly is compiled too; where it does not, the build finds nothing to do.
func compiled(base, kind string, folders []string) bool {
	switch base {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return true
	}
	// go build passes by files and folders whose names begin with an underscore.
	if strings.HasPrefix(base, "_") || slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(f, "_") }) {
		return false
	}
	switch kind {
	case "go":
		return !strings.HasSuffix(base, "_test.go")
	case "s", "c", "h", "cc", "cpp", "cxx", "hpp", "m", "syso":
		return true
	}
	return false
}

// tooling reports whether the file is read by other programs than the app, though
// its name would fit one of the rows below.
func tooling(base string) bool {
	switch base {
	case "coverage.html", "package.json", "package-lock.json", "pnpm-lock.yaml", "jsconfig.json":
		return true
	}
	return matches([]string{"{docker-,}compose*.{yml,yaml}", "tsconfig*.json"}, base)
}

// config reports whether the app is likely to read the file at its start. A
// config.go is Go and a tailwind.config.js an asset: only kinds of data count.
func config(base, kind string, folders []string) bool {
	switch kind {
	case "yaml", "yml", "toml", "json", "ini":
		if strings.HasPrefix(base, "app") {
			return true
		}
	case "conf", "properties", "env":
	default:
		return false
	}
	stem := strings.TrimSuffix(base, path.Ext(base))
	return strings.HasPrefix(base, "config") || strings.HasSuffix(stem, "config") ||
		anyOf(folders, "conf", "config", "configs", "etc", "locales", "i18n")
}

// template reports whether the app parses the file, as Gin does once at its start.
// Plain HTML counts in folders that are named for templates.
func template(kind string, folders []string) bool {
	switch kind {
	case "tmpl", "tpl", "gohtml":
		return true
	case "html", "htm":
		return anyOf(folders, "templates", "template", "views", "tmpl", "layouts")
	}
	return false
}

// asset reports whether only browsers read files of the kind.
func asset(kind string) bool {
	switch kind {
	case "css", "js", "mjs", "map", "png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico",
		"woff", "woff2", "ttf", "otf":
		return true
	}
	return false
}

// temporary reports whether an editor makes files of such a name for a moment.
func temporary(base string) bool {
	return base == "4913" || strings.HasPrefix(base, "#") && strings.HasSuffix(base, "#") ||
		matches([]string{"*{~,.swp,.swx,.swo,.tmp,.orig,.bak,.crswap,___jb_tmp___,___jb_old___}", ".#*", ".goutputstream-*"}, base)
}

// outputFolder reports whether build output is usually put in folders of such a
// name. They are left out, but for Go files, as long as nothing in them is Go.
func outputFolder(base string) bool {
	switch base {
	case "bin", "dist", "build", "out", "tmp", "target":
		return true
	}
	return false
}

func anyOf(folders []string, names ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return slices.Contains(names, f) })
}
