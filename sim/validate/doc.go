// Package validate predicts what others have measured on real devices, and says by how much the predictions miss.
//
// measured.csv holds 116 public measurements of twelve devices, each with its citation: decode in tokens per second,
// and of most the time to the first token. The devices are presets (config.Devices), made from public data. A
// measurement is predicted by one decode pass at its context, and by one prefill of its prompt. Predict returns rows,
// which are data (package rows); errors are of speed, in percent: 100·(predicted / measured − 1).
//
// FitAndPredict chooses values for a few keys of each device's configuration, by least squares on the relative errors of
// the times of passes, and predicts the device's measurements with them; with leaveOut, each model with the values that
// fit all others. Free says which keys of the presets are fitted, Defaults what stands for a device that nobody measured.
//
// Rails predicts the energies that were measured at chips' own supplies (rails.csv), Recorded a run that was recorded
// on a machine.
//
// Left out: batches above one; GPUs' traces. What a measurement needs and the configuration does not have is replaced
// by the nearest thing, and said (Predictor.Notes).
package validate
