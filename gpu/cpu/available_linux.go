package cpu

import (
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// available returns the bytes of memory that the program may still take: the least of what the machine has left, what its
// control groups allow, and what ulimit -v does. -1: none of them is known.
func available() int64 { return availableAt("/") }

// availableAt is available with the files below another root, for tests.
func availableAt(root string) int64 {
	left := int64(-1)
	take := func(n int64, known bool) {
		if n = max(0, n); known && (left < 0 || n < left) {
			left = n
		}
	}
	kilobytes, known := field(filepath.Join(root, "proc/meminfo"), "MemAvailable:")
	take(kilobytes<<10, known)
	for _, g := range groups(root) {
		most, limited := number(filepath.Join(g.dir, g.limit))
		used, counted := number(filepath.Join(g.dir, g.usage))
		cached, _ := field(filepath.Join(g.dir, "memory.stat"), g.inactive) // the kernel takes it back
		take(most-used+cached, limited && counted)
	}
	if root == "/" {
		take(addresses())
	}
	return left
}

// group is a control group with a limit of memory, by the names of its files.
type group struct{ dir, limit, usage, inactive string }

// groups are the control groups of this process with those above them: a limit holds for all below it.
func groups(root string) (all []group) {
	text, err := files.Read(filepath.Join(root, "proc/self/cgroup"), files.Note)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3) // number:controllers:path
		if len(part) != 3 {
			continue
		}
		for at := path.Clean("/" + part[2]); ; at = path.Dir(at) {
			switch part[1] {
			case "": // version 2
				all = append(all, group{filepath.Join(root, "sys/fs/cgroup", at), "memory.max", "memory.current", "inactive_file"})
			case "memory":
				all = append(all, group{filepath.Join(root, "sys/fs/cgroup/memory", at), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"})
			}
			if at == "/" {
				break
			}
		}
	}
	return all
}

// addresses returns what ulimit -v leaves of addresses. The program has reserved some that it does not use.
func addresses() (left int64, limited bool) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &l); err != nil || l.Cur > 1<<62 {
		return 0, false
	}
	text, err := files.Read("/proc/self/statm", files.Note)
	pages, _, _ := strings.Cut(string(text), " ")
	n, bad := strconv.ParseInt(pages, 10, 64)
	if err != nil || bad != nil {
		return 0, false
	}
	return int64(l.Cur) - n*int64(os.Getpagesize()), true
}

// number reads a file that holds one; "max" is none.
func number(file string) (n int64, known bool) {
	text, err := files.Read(file, files.Note)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

// field reads the number behind a name at the start of a line.
func field(file, name string) (n int64, known bool) {
	text, err := files.Read(file, files.Note)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name {
			n, err = strconv.ParseInt(words[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
