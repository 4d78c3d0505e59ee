package validate

// Free returns the keys of a device that are free where a fit names none.
func Free(machine string) Keys {
	switch machine {
	case "rk3588", "rk3576":
		return Keys{Decode: []string{"runtime.dispatch", "noc.bandwidth"}}
	}
	return Keys{Decode: []string{"runtime.dispatch", "noc.bandwidth"}}
}
