// Package driver reaches the CUDA driver through gorgonia.org/cu, without the CUDA toolkit.
package driver
