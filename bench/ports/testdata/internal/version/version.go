// Package version says which one this is.
package version

const Version = "v1"
