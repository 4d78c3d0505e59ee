// Package torch reads checkpoints that torch.save has written (pytorch_model.bin): names with tensors.
//
//	zip: NAME/data.pkl, a pickle that says name, type, shape and storage of each tensor | NAME/data/KEY, the values of a storage
//
// A pickle is a program for a stack machine, which may call whatever Python can import. Here it runs on a machine of its
// own, which knows the few instructions that describe tensors, and calls nothing: the names that they ask for
// (collections.OrderedDict, torch._utils._rebuild_tensor_v2, torch.FloatStorage, …) are looked up in a list, and any other
// is an error that names it.
//
// # What it leaves out
//
// Files of before PyTorch 1.6 (one pickle after the other, or a tar), which are refused as what they are; checkpoints of
// training, whose tensors stand in dictionaries within; TorchScript; tensors that are no contiguous part of their storage;
// values of other types than float32, float16 and bfloat16, and int32 as bytes, where they are asked for; compressed entries, which torch.save does not write.
//
// # Contract
//
// Open reads the pickle, up to the limit of its kind: opening takes no longer for 100 GB than for 1 kB. Values are read
// when they are looked at, from the file as it then is. Every storage is as long as its tensors say. Errors name the
// file, and the tensor or the instruction.
//
// # Why no library
//
// nlpodyssey/gopickle v0.3.0 reads every storage into memory when it opens a file, twice as wide as it lies there; here a model
// need not fit.
//
// # Adding one more
//
// A type of values: its storage in storages (objects.go). An instruction: a case in machine.step (pickle.go), by pickletools.py.
package torch
