package inject

import (
	"slices"
	"strings"
)

// Allowed reads the Content-Security-Policy headers of a page, each of which may hold
// several policies. It reports whether they let a script of the page's own origin run
// and listen to an event stream there, and the nonce that the script must bear; "" for
// none.
func Allowed(headers []string) (nonce string, ok bool) {
	var policies []policy
	for _, h := range headers {
		for text := range strings.SplitSeq(h, ",") {
			policies = append(policies, parsePolicy(text))
		}
	}
	candidates := []string{""}
	for _, p := range policies {
		if !p.listens() {
			return "", false
		}
		candidates = append(candidates, p.nonces()...)
	}
	for _, nonce := range candidates {
		if !slices.ContainsFunc(policies, func(p policy) bool { return !p.runs(nonce) }) {
			return nonce, true
		}
	}
	return "", false
}

// policy is one policy: sources by directive, both in lower case but for nonces.
type policy map[string][]string

func parsePolicy(text string) policy {
	p := policy{}
	for directive := range strings.SplitSeq(text, ";") {
		words := strings.Fields(directive)
		if len(words) == 0 {
			continue
		}
		name := strings.ToLower(words[0])
		if _, twice := p[name]; !twice { // the first one counts
			p[name] = words[1:]
		}
	}
	return p
}

// sources are those of the first directive that the policy has; ok is false if it has
// none, and so allows everything.
func (p policy) sources(names ...string) (sources []string, ok bool) {
	for _, name := range names {
		if sources, ok = p[name]; ok {
			return sources, true
		}
	}
	return nil, false
}

// nonces are those that let a script run.
func (p policy) nonces() []string {
	var all []string
	sources, _ := p.sources("script-src-elem", "script-src", "default-src")
	for _, s := range sources {
		if len(s) > 8 && strings.EqualFold(s[:7], "'nonce-") && strings.HasSuffix(s, "'") {
			all = append(all, s[7:len(s)-1])
		}
	}
	return all
}

// runs reports whether a script of the page's origin runs that bears the nonce.
func (p policy) runs(nonce string) bool {
	if flags, sandboxed := p["sandbox"]; sandboxed && !slices.Contains(flags, "allow-scripts") {
		return false
	}
	sources, limited := p.sources("script-src-elem", "script-src", "default-src")
	if !limited || nonce != "" && slices.Contains(p.nonces(), nonce) {
		return true
	}
	dynamic := slices.ContainsFunc(sources, func(s string) bool { return strings.EqualFold(s, "'strict-dynamic'") })
	return !dynamic && hasSelf(sources)
}

// listens reports whether an event stream of the page's origin may be opened, by the page
// or by a worker, whose own policy counts then.
func (p policy) listens() bool {
	for _, names := range [][]string{{"connect-src", "default-src"}, {"worker-src", "child-src", "script-src", "default-src"}} {
		if sources, limited := p.sources(names...); !limited || hasSelf(sources) {
			return true
		}
	}
	return false
}

// hasSelf reports whether the sources hold the page's own origin, as far as that can be
// said without knowing its name.
func hasSelf(sources []string) bool {
	return slices.ContainsFunc(sources, func(s string) bool {
		s = strings.ToLower(s)
		return s == "'self'" || s == "*" || s == "http:"
	})
}
