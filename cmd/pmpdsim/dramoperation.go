package main

import (
	"encoding"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// operationFlags say how a DRAM part is operated; operationFrom reads them.
func operationFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "fine-granularity", Usage: "all-bank refreshes `N`x as often, each shorter: 1x; 2x of DDR4 and DDR5, 4x of DDR4",
			DefaultText: spec.Fine1x.String()},
		&cli.StringFlag{Name: "temperature", Usage: "`TEMPERATURE` of the part: above 85C refreshes come more often", DefaultText: "85C"},
		&cli.StringFlag{Name: "bank-mode", Usage: "`MODE` of LPDDR5's banks: bank-group, 16-bank, 8-bank", DefaultText: "the standard's"},
		&cli.StringFlag{Name: "burst-length", Usage: "`N` data on each pin of a burst of LPDDR5: 16, 32", DefaultText: "the mode's"},
		&cli.StringFlag{Name: "wck", Usage: "WCK of LPDDR5's ranks runs `BY` rank, or by channel: in all ranks at once", DefaultText: "the standard's"},
	}
}

func operationFrom(c *cli.Context) (o spec.Operation, err error) {
	read := func(flag string, to encoding.TextUnmarshaler) error {
		if !c.IsSet(flag) {
			return nil
		}
		return flagged(flag, "", to.UnmarshalText([]byte(c.String(flag))))
	}
	err = errors.Join(read("fine-granularity", &o.FineGranularity), read("temperature", &o.Temperature), read("wck", &o.WCK),
		read("bank-mode", &o.BankMode), read("burst-length", &o.BurstLength))
	return o, err
}

// operate changes a standard to one that is operated so.
func operate(s *spec.Standard, o spec.Operation) error {
	var all []error
	for _, f := range s.Operate(o, nil) {
		all = append(all, fmt.Errorf("--%s: %w", strings.ReplaceAll(f.Key, "_", "-"), f.Err))
	}
	return errors.Join(all...)
}

// masked says how many of the writes were masked, behind their number; empty if none.
func masked(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d of them in part)", n)
}
