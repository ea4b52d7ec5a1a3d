//go:build !linux

package kin

import "syscall"

// Processes finds none: this system does not show the environment of processes.
func (m Mark) Processes() []Process { return nil }

func kill(int, syscall.Signal) error { return nil }
