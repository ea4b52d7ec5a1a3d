// Package browsertest shows what the front does for browsers with a real one: Chromium
// without a window, against a front and an app that the test plays. It has tests only.
package browsertest
