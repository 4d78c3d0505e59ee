//go:build cuda

package driver

/*
#include <cuda.h>
extern const char *pmpdsim_driver_why(void);
extern const char *pmpdsim_driver_absent(void);

static const char *text_of(CUresult r) {
  const char *s = NULL;
  cuGetErrorString(r, &s);
  return s ? s : "unknown error";
}
*/
import "C"

import (
	"errors"
	"fmt"
	"reflect"
)

// Some of the driver's codes.
const (
	OutOfMemory    = int(C.CUDA_ERROR_OUT_OF_MEMORY)
	NoDevice       = int(C.CUDA_ERROR_NO_DEVICE)
	UnsupportedPTX = int(C.CUDA_ERROR_UNSUPPORTED_PTX_VERSION)
	noSymbol       = int(C.CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND)
)

// Is reports whether an error is a driver call that failed with a code.
func Is(err error, code int) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// check turns the result of a call of this package into an error.
func check(call string, r C.CUresult) error {
	if r == C.CUDA_SUCCESS {
		return nil
	}
	e := &Error{call, C.GoString(C.text_of(r)), int(r)}
	if e.Code == noSymbol {
		e.Text = "the driver is too old: it has no " + C.GoString(C.pmpdsim_driver_absent())
	}
	return e
}

// told makes an error of what cu answered. Its type of errors is not exported, an int below, and knows names instead of
// texts.
func told(call string, err error) error {
	if err == nil {
		return nil
	}
	v := reflect.ValueOf(err)
	if !v.CanInt() {
		return fmt.Errorf("%s: %w", call, err)
	}
	return check(call, C.CUresult(v.Int()))
}

// Why says in a few words why there is no driver; empty if there is one.
func Why() string { return C.GoString(C.pmpdsim_driver_why()) }
