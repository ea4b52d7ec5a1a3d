package proxy

import (
	"encoding/json"
	"strings"
	"testing"
)

var compileError = &Problem{
	Kind: "build", Title: "the build failed",
	Text:        "./main.go:3:5: cannot use <script>alert(1)</script> (chan<- T)",
	Diagnostics: []Diagnostic{{File: "main.go", Line: 3, Column: 5, Message: "cannot use"}},
}

func TestF8_NoHealthyProcessIsSaidAtOnce(t *testing.T) {
	f := serve(t, Config{Hold: true})
	f.Publish(View{Pending: 1, Settled: 1, Phase: Broken, Problem: compileError})
	for accept, want := range map[string]string{
		"": "text/plain; charset=utf-8", "*/*": "text/plain; charset=utf-8", "text/plain, */*": "text/plain; charset=utf-8",
		"application/json, text/plain, */*": "application/problem+json", "application/problem+json": "application/problem+json",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
	} {
		r := f.request("GET", "/", nil)
		r.Header.Set("Accept", accept)
		a := f.do(r)
		if a.status != 503 || a.header.Get("Content-Type") != want || a.header.Get("Retry-After") != "1" {
			t.Errorf("Accept %q: status %d, header %v; want 503, %s", accept, a.status, a.header, want)
		}
		switch want {
		case "application/problem+json":
			var got struct {
				Status  int
				Phase   Phase
				Problem Problem
			}
			if err := json.Unmarshal([]byte(a.body), &got); err != nil {
				t.Fatal(err)
			}
			if got.Status != 503 || got.Phase != Broken || got.Problem.Text != compileError.Text || got.Problem.Diagnostics[0].Line != 3 {
				t.Errorf("JSON = %+v", got)
			}
		case "text/html; charset=utf-8":
			if strings.Contains(a.body, "<script>") || !strings.Contains(a.body, "&lt;script&gt;alert(1)&lt;/script&gt; (chan&lt;- T)") {
				t.Errorf("page = %s", a.body)
			}
		default:
			a.want(t, 503, Broken.words()+"\n\nthe build failed\n"+compileError.Text+"\n")
		}
	}
}

func TestF8_EveryPhaseHasWords(t *testing.T) {
	none := Phase("").words()
	for _, p := range []Phase{Building, Starting, Serving, Draining, BackOff, Broken, GivenUp, Exited, Stopping} {
		if p.words() == none {
			t.Errorf("phase %q has no words", p)
		}
	}
}

func TestF8_WhatIsWaitedForIsNamed(t *testing.T) {
	f := serve(t, Config{Hold: true})
	f.Publish(View{Phase: Starting, WaitsFor: "tcp://db:5432"})
	f.do(f.request("GET", "/", nil)).want(t, 503, "the app starts when tcp://db:5432 is there\n")
}
