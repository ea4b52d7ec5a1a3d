// Package conf reads while it is initialised, as many do.
package conf

import "os"

var Text, _ = os.ReadFile("init.yaml")
