//go:build !failpoint

package failpoint

// Hit does nothing, and costs nothing, in a build without the failpoint tag.
func Hit(string) {}
