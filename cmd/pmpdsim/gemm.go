package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/gemm"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func gemmCommand() *cli.Command {
	return &cli.Command{
		Name: "gemm", Usage: "simulate matrix products alone, and say where their cycles go", ArgsUsage: "MxKxN...",
		Description: `Simulates products of M rows of K activations by a matrix of N rows of K weights, each as a step of a model has it: laid out
in DRAM, cut into tiles, fetched and multiplied on the NPU. Activations and results lie on chip if they fit into half of the
scratchpad, else in DRAM. The table has a row for each product and weight precision:

  cycles     of the NPU, from the first to the last
  array      of them, those in which the array works; fill and drain: of these, operands move in before the first product
             of a fold, and the last products move out
  dispatch, first, wait, last  the runtime hands the product over; the array waits for its first operands, and for later
             ones; results are stored behind its end
  PE %       PE cycles with products, of all PE cycles; peak %: of DRAM's bandwidth
  SCALE-Sim  equation 4 of SCALE-Sim's paper for the array, with the style's cycles and lanes of a multiplication, and
             array / SCALE-Sim: below 1 where folds follow each other without a gap (array.double_buffer), above where
             something beside the PEs holds them up

--explain adds how the product was cut, the traffic by what it carries, and the equation with its numbers.

EXAMPLES:
   pmpdsim gemm 512x4096x11008 --bits 4 --explain
   pmpdsim gemm 1x4096x4096 512x4096x4096 --bits 2,4,16 --npu card-hbm3
   pmpdsim gemm 128x2048x2048 --npu rk3588 --bits 8 --format json
   pmpdsim gemm 64x1024x1024 --bits 16 --array-style dequant-fp16 --array 32x32 --set array.double_buffer=false --set array.gemv=stationary`,
		Flags: slices.Concat(npuFlags(), machineFlags(), []cli.Flag{
			bitsFlag("4"),
			&cli.BoolFlag{Name: "explain", Usage: "also show tiles, traffic and SCALE-Sim's equation"},
			formatFlag("table", "csv", "json"),
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return errors.New("gemm: MxKxN is missing; accepted: one product or more, such as 512x4096x11008")
			}
			o, err := fillGEMM(c)
			if err != nil {
				return err
			}
			return launch(c, o)
		},
	}
}

// gemmOptions are what gemm was asked for.
type gemmOptions struct {
	npu      npuOptions
	products []string
	bits     []int
	explain  bool
	format   string
}

func fillGEMM(c *cli.Context) (*gemmOptions, error) {
	o := &gemmOptions{products: c.Args().Slice(), explain: c.Bool("explain"), format: c.String("format")}
	var err error
	if o.npu, err = npuFrom(c); err != nil {
		return nil, err
	}
	o.bits, err = weightBits(c)
	return o, err
}

func (o *gemmOptions) run(ctx context.Context, s streams) error {
	if o.explain && o.format != "table" {
		return fmt.Errorf("--explain: it is text, and --format %s has all of it; accepted: with --format table", o.format)
	}
	cfg, err := o.npu.load()
	if err != nil {
		return err
	}
	s.warnOf(cfg)
	var products []gemm.Product
	for _, text := range o.products {
		p, err := parseProduct(text)
		if err != nil {
			return err
		}
		for _, b := range o.bits {
			p.Bits = unit.Bits(b)
			products = append(products, p)
		}
	}
	rows, err := o.simulate(ctx, cfg, products)
	if err != nil {
		return err
	}
	return tabled(s, o.format, rows, func(w io.Writer) error { return gemmCSV(w, rows) },
		func(w io.Writer) error { return o.show(w, cfg, rows) })
}

// simulate runs the products one after the other.
func (o *gemmOptions) simulate(ctx context.Context, cfg *config.Config, products []gemm.Product) ([]*gemm.Row, error) {
	var set npu.MachineSet
	var rows []*gemm.Row
	for _, p := range products {
		r, err := gemm.Run(ctx, &set, cfg, p)
		if errors.Is(err, context.Canceled) {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("gemm: %dx%dx%d at %d bits: %w", p.M, p.K, p.N, p.Bits, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// mostDimension is the largest M, K or N: more than any model's vocabulary.
const mostDimension = 1 << 20

// parseProduct reads MxKxN.
func parseProduct(text string) (p gemm.Product, err error) {
	words := strings.Split(text, "x")
	to := []*int{&p.M, &p.K, &p.N}
	if len(words) != len(to) {
		return p, fmt.Errorf("gemm: %q: not a product; accepted: MxKxN such as 512x4096x11008", text)
	}
	for i, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > mostDimension {
			return p, fmt.Errorf("gemm: %q: %q is not possible for %c; accepted: MxKxN, each 1 to %d", text, word, "MKN"[i], mostDimension)
		}
		*to[i] = n
	}
	return p, nil
}
