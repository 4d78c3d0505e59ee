package cpu

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

func TestAvailableMemory(t *testing.T) {
	machine := map[string]string{"proc/meminfo": "MemTotal: 24000000 kB\nMemAvailable:   20000000 kB\n"}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing is known", map[string]string{}, -1},
		{"the machine's", machine, 20000000 << 10},
		{"a group of version 2 that allows less", map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "1000000\n",
			"sys/fs/cgroup/a/b/memory.current": "700000\n", "sys/fs/cgroup/a/b/memory.stat": "anon 1\ninactive_file 200000\n"}, 500000},
		{"the group above it allows less", map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n",
			"sys/fs/cgroup/a/b/memory.current": "7\n", "sys/fs/cgroup/a/memory.max": "1000\n", "sys/fs/cgroup/a/memory.current": "400\n"}, 600},
		{"a group of version 1", map[string]string{"proc/self/cgroup": "9:cpu:/\n4:memory:/a\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1000\n",
			"sys/fs/cgroup/memory/a/memory.usage_in_bytes": "1400\n"}, 0},
		{"a group without a limit", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 20000000 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for _, all := range []map[string]string{c.files, machine} {
				for name, text := range all {
					if c.want == -1 {
						continue
					}
					if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := availableAt(root); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
	if got := available(); got <= 0 {
		t.Errorf("this machine: %d bytes", got)
	}
}

func TestModelsLargerThanMemoryAreRefused(t *testing.T) {
	m := gputest.Random(t, "llama", 1).Model()
	fp16 := formats.Cache{}
	channels, err := formats.ParseCache("4,group=32,key_scales=channel")
	if err != nil {
		t.Fatal(err)
	}
	need := Need(m, 24, 2, fp16)
	if err := fits(m, 24, 2, fp16, need); err != nil {
		t.Errorf("as much as is needed: %v", err)
	}
	if err := fits(m, 24, 2, fp16, -1); err != nil {
		t.Errorf("nothing is known: %v", err)
	}
	if err := fits(m, 24, 2, fp16, need-1); err == nil || !strings.Contains(err.Error(), " of memory are needed for 24 positions on the CPU, and ") {
		t.Errorf("a byte less: %v", err)
	}
	plain := int64(24 * 2 * m.Layers * m.KVWidth() * 4) // bytes of keys as they were before they were quantised
	if got := Need(m, 24, 2, channels); got < need+plain || got > need+plain+plain/10+1 {
		t.Errorf("with keys by channel: %d bytes, want %d and %d, and a tenth", got, need, plain)
	}
}
