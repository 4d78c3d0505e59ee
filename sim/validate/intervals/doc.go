// Package intervals says how far predictions may be off: an interval of a predicted speed, from the errors of the
// predictions of measured devices (errors.csv, which package validate's predictions give).
//
// Errors are drawn anew (bootstrap) over devices: points of one device miss alike, so that 102 points of ten devices say
// hardly more of an eleventh device than ten do. Of a device that is fitted, errors are those of models that were left
// out, drawn over models.
//
// Left out: errors by class, bits, context or size of the model, for which there are too few devices; energy, of which
// there are four measurements.
package intervals
