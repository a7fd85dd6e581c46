package kb

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/conserje/conserje/portal/desk"
)

// Folder reads the documents of a folder and its subfolders. What tells about
// the folder itself (README, licences, hidden files) is no article and is left
// out; links out of the folder are not followed.
func Folder(dir string) ([]Document, error) {
	var docs []Document
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, desk.Wrap(desk.CodeNotFound, err, "there is no such folder")
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && path != "." {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() || aboutFolder(e.Name()) {
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		data := make([]byte, maxDocx+1) // enough to be refused as too large
		if info.Size() <= maxDocx {
			data, err = root.ReadFile(path)
		}
		docs = append(docs, Document{Name: filepath.ToSlash(path), Data: data})
		return err
	})
	return docs, err
}

func aboutFolder(name string) bool {
	base := strings.ToLower(strings.TrimSuffix(name, filepath.Ext(name)))
	return slices.Contains([]string{"readme", "license", "licence", "copying", "copyright", "changelog", "notice", "authors"}, base)
}
