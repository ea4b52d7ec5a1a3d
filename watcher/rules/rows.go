package rules

import (
	"path"
	"slices"
	"strings"
)

// Row is the built-in table of what no compiler reads: what a file is for, by its name
// and the folders of its path (relative to Root, on slashes) alone. First match wins.
func Row(rel string) Verdict {
	base := path.Base(rel)
	kind := KindOf(base)
	folders := strings.Split(path.Dir(rel), "/")
	switch {
	case strings.HasPrefix(base, ".env"):
		return Verdict{Action: Restart} // git ignores it more often than not
	case strings.HasPrefix(base, "."), tooling(base):
		return Verdict{}
	case config(base, kind, folders), template(kind, folders):
		return Verdict{Action: Restart, AskGit: true}
	case markup(kind), asset(kind):
		return Verdict{Action: Refresh, AskGit: true}
	}
	return Verdict{}
}

// KindOf is the extension of a file name, without its dot and in lower case.
func KindOf(base string) string { return strings.ToLower(strings.TrimPrefix(path.Ext(base), ".")) }

// ModuleFile reports whether the go command reads the file before all others.
func ModuleFile(base string) bool {
	return base == "go.mod" || base == "go.sum" || base == "go.work" || base == "go.work.sum"
}

// SourceFile reports whether go build reads files of such a name in a package's folder. What
// lies beside Go files in C or assembly is compiled too; where it does not, the build
// finds nothing to do.
func SourceFile(base string) bool {
	if strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") {
		return false
	}
	switch KindOf(base) {
	case "go":
		return !strings.HasSuffix(base, "_test.go")
	case "s", "c", "h", "cc", "cpp", "cxx", "hpp", "m", "syso":
		return true
	}
	return false
}

// underscored reports whether rel lies in a folder that "./..." passes by.
func underscored(rel string) bool {
	return strings.HasPrefix(rel, "_") || strings.Contains(rel, "/_")
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
	if !DataKind(kind) {
		return false
	}
	stem := strings.TrimSuffix(base, path.Ext(base))
	return strings.HasPrefix(base, "config") || strings.HasSuffix(stem, "config") ||
		strings.HasPrefix(base, "app") && !matches([]string{"conf", "properties", "env"}, kind) ||
		slices.ContainsFunc(folders, configFolder)
}

// DataKind reports whether apps read their settings from files of the kind.
func DataKind(kind string) bool {
	return matches([]string{"yaml", "yml", "toml", "json", "ini", "conf", "properties", "env"}, kind)
}

// template reports whether the app parses the file, as Gin does once at its start.
// Plain HTML counts in folders that are named for templates.
func template(kind string, folders []string) bool {
	return templateKind(kind) || markup(kind) && slices.ContainsFunc(folders, templateFolder)
}

func templateKind(kind string) bool { return kind == "tmpl" || kind == "tpl" || kind == "gohtml" }

func markup(kind string) bool { return kind == "html" || kind == "htm" }

// asset reports whether only browsers read files of the kind.
func asset(kind string) bool {
	switch kind {
	case "css", "js", "mjs", "map", "png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico",
		"woff", "woff2", "ttf", "otf":
		return true
	}
	return false
}

// Temporary reports whether an editor makes files of such a name for a moment.
func Temporary(base string) bool {
	return base == "4913" || strings.HasPrefix(base, "#") && strings.HasSuffix(base, "#") ||
		matches([]string{"*{~,.swp,.swx,.swo,.tmp,.orig,.bak,.crswap,___jb_tmp___,___jb_old___}", ".#*", ".goutputstream-*"}, base)
}

// ResourceFolder reports whether what an app reads or serves is usually put in folders
// of such a name: beside or below folders that matter they are watched without being asked for.
func ResourceFolder(base string) bool {
	switch base {
	case "static", "public", "assets", "css", "js", "img", "images", "fonts", "web", "www":
		return true
	}
	return configFolder(base) || templateFolder(base)
}

func configFolder(base string) bool {
	switch base {
	case "conf", "config", "configs", "etc", "locales", "i18n":
		return true
	}
	return false
}

func templateFolder(base string) bool {
	switch base {
	case "templates", "template", "views", "tmpl", "layouts":
		return true
	}
	return false
}

// OutputFolder reports whether build output is usually put in folders of such a name.
func OutputFolder(base string) bool {
	switch base {
	case "bin", "dist", "build", "out", "tmp", "target":
		return true
	}
	return false
}
