// Package tokens turns the text of a prompt into the ids of a model's vocabulary.
package tokens
