// Package formats says how weights are stored: as codes, with what turns these into values.
//
// # What it models
//
// A Format is data: the width of a code; a codebook for each row, a table that all share, or neither, where a code is a number;
// scales and zero points with their widths and how many weights share each; scales of scales (K-quants, double quantisation);
// codes that are packed more densely than their width (ternary ones). Everything that a pass reads beside the codes is a
// number of bytes a row. Stored says which format each matrix of a model's file has.
//
// # What it leaves out
//
// Values. Codes of vectors (AQLM, QuIP#, VPTQ, GGUF's IQ1 to IQ3): a model in these has its shapes, and the reason why its
// file's precision cannot be taken. What belongs to a whole matrix, a scale or an offset, is no byte of a row. The order of
// columns that GPTQ's desc_act keeps (4 bytes an input): it is applied when a model is loaded.
//
// # Contract
//
// Formats are comparable values. Bytes of a row are whole; a model's rows are sums of them.
//
// # Adding one more
//
// A format by name: a row in known.go, with its source. A method of quantisation of Hugging Face models: a case in
// workloads/quantised.go.
package formats
