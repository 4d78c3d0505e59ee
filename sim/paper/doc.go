// Package paper reproduces the NPU figure of the PMPD paper (arXiv 2410.13461) bar by bar, and shows how each bar
// changes with a real memory, a real array and a whole decode (the waterfall).
//
// pmpd_npu_fig.csv is that figure (assets/pmpd_npu_perf_comparison.png of SamsungLabs/PMPD at 909cdf9), digitised to
// 0.02 of its units, which are decoded tokens per second (docs/sources.md A.1). Nothing here is fitted to it: the
// machine is the preset pmpd-paper; lengths are those of the paper's scripts and data sets, switch steps those of its
// code. Of the columns of a roofline fit in the file, only the average bits of learned schedules are read, whose
// decisions have not been published (docs/sources.md A.2). Rows that depend on them are marked as inferred.
//
// How the paper's code counts: a bar is N generated tokens divided by the time of N-1 decode passes, because prefill
// gives the first token. Schedules that switch count from the second decode pass on, because their log omits the first,
// which is always at the high precision (pmpd/modules/model.py).
//
// The package draws and prints nothing: it returns rows, which are data (package rows).
package paper
