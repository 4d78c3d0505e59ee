package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/prompts"
)

// acceptedFolder is what --output of record takes for several traces.
const acceptedFolder = "a folder for the traces, new, empty or with the " + traces.ManifestName + " of recordings"

// planned is a prompt under a schedule.
type planned struct {
	file   string // in the folder
	prompt string // its id
	place  string // of the prompt, for errors
	job    gpu.Job
}

// made reports whether a trace is what this run recorded of it.
func (p *planned) made(t *traces.Trace) bool {
	return t.Header.Created == p.job.Created && p.job.Differs(t) == ""
}

// reading is a prompt as the model reads it.
type reading struct {
	id, place string
	ids       []int
	sha256    string // of its text; empty: it has none
}

// findAll finds model, weights and prompts: those of the list, or the one of the flags.
func (o *engineOptions) findAll() (*engine, []reading, error) {
	if o.list == "" {
		e, err := o.find()
		if err != nil {
			return nil, nil, err
		}
		return e, []reading{{"prompt", "the prompt", e.prompt, e.promptSHA}}, nil
	}
	e, err := o.begin()
	if err != nil {
		return nil, nil, err
	}
	list, err := prompts.Read(o.list)
	if err != nil {
		return nil, nil, flagged("prompts", o.list, err)
	}
	var all []reading
	var longest []int
	for _, p := range list {
		r, err := e.reading(p)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.Place, err)
		}
		if all = append(all, r); len(r.ids) > len(longest) {
			longest = r.ids
		}
	}
	if e.prompts, e.prompt = len(all), longest; e.prompts > 0 {
		err = e.runs(len(longest) + e.generate)
	}
	if err != nil {
		return nil, nil, err
	}
	return e, all, e.open()
}

// reading makes tokens of a prompt of a list.
func (e *engine) reading(p prompts.Prompt) (reading, error) {
	r := reading{id: p.ID, place: p.Place, ids: p.IDs}
	if p.Text != "" {
		if err := e.encode(p.Text); err != nil {
			return r, fmt.Errorf("text: %w", err)
		}
		sum := sha256.Sum256([]byte(p.Text))
		if r.ids, r.sha256 = e.prompt, hex.EncodeToString(sum[:]); len(r.ids) == 0 {
			return r, errors.New("text: there are no tokens in it; accepted: a text")
		}
	}
	if i := slices.IndexFunc(r.ids, func(id int) bool { return id < 0 || id >= e.model.Vocab }); i >= 0 {
		return r, fmt.Errorf("ids[%d]: %d; accepted: 0 to %d, the vocabulary of %s", i, r.ids[i], e.model.Vocab-1, e.model.Name)
	}
	return r, e.model.CheckLengths(len(r.ids), e.generate)
}

// plan is every prompt under every schedule: prompt by prompt.
func (o *recordOptions) plan(e *engine, list []reading, schedules []precision.Schedule) ([]planned, error) {
	var jobs []gpu.Job
	for _, s := range schedules {
		job, err := e.recording(s)
		if err != nil {
			return nil, err
		}
		job.IgnoreEOS = o.ignoreEOS || e.weights == randomWeights
		jobs = append(jobs, job)
	}
	names := scheduleNames(schedules)
	var all []planned
	for _, r := range list {
		for i, job := range jobs {
			job.Prompt, job.PromptSHA256 = r.ids, r.sha256
			all = append(all, planned{r.id + "." + names[i] + traces.Suffix, r.id, r.place, job})
		}
	}
	return all, nil
}

// inFileName writes a schedule as a part of a file's name.
func inFileName(text string) string {
	return strings.NewReplacer(":", "-", ">", "", "@", "-", ",", "_", "=", "", "/", "_").Replace(text)
}

// longestName is how many bytes of a schedule stand in the name of a file.
const longestName = 100

// scheduleNames are names for files, of letters, digits and ._+- alone. One that is too long, or that another schedule has, ends with
// a hash of the schedule.
func scheduleNames(all []precision.Schedule) []string {
	var names []string
	for _, s := range all {
		name := strings.Map(func(r rune) rune {
			if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("._+-", r)) {
				return r
			}
			return '_'
		}, inFileName(s.String()))
		if len(name) > longestName || slices.Contains(names, name) {
			sum := sha256.Sum256([]byte(s.String()))
			name = name[:min(len(name), longestName)] + "-" + hex.EncodeToString(sum[:6])
		}
		names = append(names, name)
	}
	return names
}

// checkFolder refuses a folder that has anything but recordings: what a user has there must not be mixed with them, nor replaced.
func checkFolder(dir string) error {
	if owner := sweep.Owner(dir); owner != "" {
		return fmt.Errorf("%s belongs to the sweep in %s; accepted: another folder", dir, owner)
	}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file; accepted: %s", dir, acceptedFolder)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%w; accepted: %s", err, acceptedFolder)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return files.Scratch(e.Name()) })
	if len(entries) == 0 {
		return nil
	}
	if _, err = traces.ReadManifest(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds %s and no recordings (no %s); accepted: %s", dir, entries[0].Name(), traces.ManifestName, acceptedFolder)
	}
	return err
}
