// Package version is what the tests edit.
package version

const Number = 1
