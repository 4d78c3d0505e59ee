// Package files reads files up to a limit, and writes files that appear whole or not at all, and loses none of anybody's.
//
// Reading: Read, Open and Lines read up to what a Kind of file may have, whatever the path leads to: a file that is too large, a
// device that never ends, a stream that unrolls to more than memory holds. Limits has the one table. No other package opens files
// to read them, and none makes files (arch_test.go).
//
// Writing: a command claims (Claims) all files that it was asked to write before it works: a claim proves that the file can be written
// and is no input of the run. A File is replaced at once when the new one is complete; a Partial grows under another name until
// it has ended. Links are followed and stay, devices and pipes are written into. Replace and Append are for files in folders
// of our own, where no link is followed.
//
// Names of files that are on their way are made, never taken: nobody else's file is written or removed.
//
// Contract: errors name the path that the caller gave, never a temporary one.
package files
