package qualify

import (
	"context"
	"debug/elf"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// libraryVariable names a file to load in place of libcuda.so.1.
const libraryVariable = "PMPD_LIBCUDA"

// places are where a driver may be, besides those of the loader and those that the program looks at itself.
var places = []string{"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/local/cuda*/compat", "/usr/local/nvidia/lib",
	"/usr/local/nvidia/lib64", "/opt/nvidia*/lib*", "/run/opengl-driver/lib", "/usr/lib/wsl/lib"}

// libraries are the files of drivers that are found.
func libraries() (all []string) {
	for _, dir := range places {
		found, _ := filepath.Glob(filepath.Join(dir, "libcuda.so.1")) // the patterns are right
		all = append(all, found...)
	}
	return all
}

// elsewhere tries the step again with drivers outside the loader's path; all later processes get the one that works.
func (r *runner) elsewhere(ctx context.Context, s *Step, why string) error {
	if os.Getenv(libraryVariable) == "" {
		for _, lib := range libraries() {
			variable := libraryVariable + "=" + lib
			err := r.process(ctx, s.Rows, []string{variable}, append([]string{r.o.Program}, s.Command...)...)
			if f := (failed{}); !errors.As(err, &f) || f.status != exitNoGPU {
				r.env = append(r.env, variable)
				return err
			}
		}
	}
	return noGPU{why}
}

// library is the file of the driver, as far as it is known.
func (r *runner) library() string {
	for _, v := range slices.Concat(r.env, []string{libraryVariable + "=" + os.Getenv(libraryVariable)}) {
		if lib, ok := strings.CutPrefix(v, libraryVariable+"="); ok && lib != "" {
			return lib
		}
	}
	if all := libraries(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// symbols looks whether the driver has every function that the program may call.
func (r *runner) symbols(context.Context) error {
	lib := r.library()
	if lib == "" {
		return skip{"it is not known which file the driver is"}
	}
	f, err := elf.Open(lib)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read only
	has, err := f.DynamicSymbols()
	if err != nil {
		return err
	}
	var missing []string
	wanted := driver.Symbols()
	for _, name := range wanted {
		if !slices.ContainsFunc(has, func(s elf.Symbol) bool { return s.Name == name && s.Section != elf.SHN_UNDEF }) {
			missing = append(missing, name)
		}
	}
	text := fmt.Sprintf("%d functions that may be called, %d of them not in %s: %s\n", len(wanted), len(missing), lib, strings.Join(missing, " "))
	r.wrote[Log] = true
	return r.bundle.append(Log, []byte(text)) // some are called by nobody
}

//go:embed cublas.py
var cublas string

// cublas measures the products of bench.jsonl by torch, where there is one.
func (r *runner) cublas(ctx context.Context) error {
	shapes, err := r.shapes()
	if err != nil {
		return err
	}
	err = r.process(ctx, Bench, nil, "python3", "-c", cublas, fmt.Sprint(r.o.Device), fmt.Sprint(r.o.Repeats), strings.Join(shapes, ","))
	if f := (failed{}); errors.As(err, &f) && f.status == exitNoTorch {
		return skip{f.reason}
	}
	return err
}

// exitNoTorch is the status of cublas.py without torch, or with one that has no CUDA.
const exitNoTorch = 77

// shapes are the products that were measured: OUTxIN.
func (r *runner) shapes() (all []string, err error) {
	rows, err := readLines[row](filepath.Join(r.o.Dir, Bench))
	for _, p := range rows {
		if s := fmt.Sprintf("%dx%d", p.Out, p.In); p.Kind == "product" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all, err
}

// sass compiles the PTX by the toolkit's own compiler, if it is there, and keeps registers, spills and machine code.
func (r *runner) sass(ctx context.Context) error {
	ptx, cubin := filepath.Join(r.scratch, "pmpd.ptx"), filepath.Join(r.scratch, "pmpd.cubin")
	number := strings.ReplaceAll(r.capability(), ".", "")
	capability, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("compute capability %s: %w", r.capability(), err)
	}
	text := kernels.PTX(capability)
	if err := files.Replace(ptx, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
		return err
	}
	arch := "sm_" + number
	if err := r.process(ctx, "", nil, "ptxas", "-arch="+arch, "-v", ptx, "-o", cubin); err != nil {
		return err
	}
	code, err := r.output(ctx, "cuobjdump", "-sass", cubin)
	if err != nil {
		return err
	}
	r.wrote[SASS] = true
	return r.bundle.archive(SASS, []member{{"pmpd." + arch + ".sass", code}})
}

// capability is the GPU's, by info.json; 9.0 if it does not say.
func (r *runner) capability() string {
	infos, err := readLines[info](filepath.Join(r.o.Dir, Info))
	if err != nil || len(infos) == 0 || infos[0].GPU.CC == "" {
		return "9.0"
	}
	return infos[0].GPU.CC
}

// pack puts what was recorded so far into the bundle. What cannot be put there stays where it is.
func (r *runner) pack() error {
	dir := filepath.Join(r.scratch, tracesFolder)
	members, err := folderOf(dir)
	if err != nil || len(members) == 0 {
		return err
	}
	if err := r.bundle.archive(Traces, members); err != nil {
		r.kept = true
		return fmt.Errorf("%w; the traces are in %s", err, dir)
	}
	r.kept = false
	r.wrote[Traces] = true
	return nil
}
