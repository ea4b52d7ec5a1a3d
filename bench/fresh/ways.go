package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ways to save a file, as editors have them.
var ways = []struct {
	name string
	save func(file string, text []byte) error
}{
	{"in place", inPlace},
	{"temp and rename", func(file string, text []byte) error {
		temp := filepath.Join(filepath.Dir(file), ".main.go.tmp123")
		return errors.Join(inPlace(temp, text), os.Rename(temp, file))
	}},
	{"truncate and write in parts", func(file string, text []byte) error {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		defer f.Close()
		for part := range slices.Chunk(text, len(text)/3+1) {
			time.Sleep(time.Millisecond) // a slow editor
			if _, err := f.Write(part); err != nil {
				return err
			}
		}
		return nil
	}},
	{"a backup, as vim", func(file string, text []byte) error {
		return errors.Join(os.Rename(file, file+"~"), inPlace(file, text), os.Remove(file+"~"))
	}},
	{"hard links", func(file string, text []byte) error {
		temp := filepath.Join(filepath.Dir(file), ".main.go.tmp123")
		return errors.Join(inPlace(temp, text), os.Remove(file), os.Link(temp, file), os.Remove(temp))
	}},
	{"safe write, as JetBrains", func(file string, text []byte) error {
		temp, old := file+"___jb_tmp___", file+"___jb_old___"
		return errors.Join(inPlace(temp, text), os.Rename(file, old), os.Rename(temp, file), os.Remove(old))
	}},
	{"remove and create", func(file string, text []byte) error {
		return errors.Join(os.Remove(file), inPlace(file, text))
	}},
}

func inPlace(file string, text []byte) error { return os.WriteFile(file, text, 0o644) }
