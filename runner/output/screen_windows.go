package output

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// screen is missing on Windows: the app gets pipes.
type screen struct{ far *os.File }

func newScreen(*os.File, io.Writer) (*screen, error) { return nil, errors.ErrUnsupported }

func (*screen) finish(<-chan struct{}) {}

func ownSession(*syscall.SysProcAttr) {}
