//go:build !failpoint

package agent

// hit does nothing, and costs nothing, in a build without the failpoint tag.
func hit(string) {}
