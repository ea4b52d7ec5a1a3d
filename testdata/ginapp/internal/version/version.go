// Package version tells answers of one build from those of another.
package version

const Version = "v1"
