//go:build !linux

package project

import "testing"

// asNobody calls do; here tests are not run as root.
func asNobody(_ *testing.T, _ string, do func()) { do() }
