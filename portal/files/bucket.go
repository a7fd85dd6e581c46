package files

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob" // the scheme s3://, for any storage that speaks S3
)

// OpenBucket opens where the bytes lie: a folder, which is made if there is
// none, or the address of a bucket such as s3://files?region=eu-west-1.
func OpenBucket(ctx context.Context, where string) (*blob.Bucket, error) {
	if strings.Contains(where, "://") {
		b, err := blob.OpenBucket(ctx, where)
		if err != nil {
			return nil, fmt.Errorf("the file store: %w", err)
		}
		return b, nil
	}
	dir, err := filepath.Abs(where)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("the folder of files: %w", err)
	}
	// Beside the others until it is whole: another disk's folder for temporary
	// files could not be renamed from, and is not the one that was sized.
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite, DirFileMode: 0o700})
	if err != nil {
		return nil, fmt.Errorf("the folder of files: %w", err)
	}
	return b, nil
}
