package offline

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func copied(t *testing.T) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	err := fs.WalkDir(folders, "lang", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(folders, path)
		m[path] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAFurtherLanguageIsOneMoreFolder(t *testing.T) {
	m := copied(t)
	for _, file := range []string{"texts.json", "sample.txt"} {
		m["lang/pt/"+file] = m["lang/es/"+file]
	}
	m["lang/pt/words.txt"] = &fstest.MapFile{Data: []byte("[greeting]\nolá, bom dia # sim\n")}
	ls, err := loadLanguages(m)
	if err != nil || len(ls) != len(languages())+1 {
		t.Fatalf("%d languages, %v", len(ls), err)
	}
	for _, l := range ls {
		if l.name == "pt" && read("Olá, bom dia!", l).intent != saysHello {
			t.Error("the new folder's words are not understood")
		}
	}
}

func TestABrokenFolderSaysWhere(t *testing.T) {
	for file, bad := range map[string]string{
		"lang/it/words.txt": "[nonsense]\nx", "lang/fr/texts.json": "{", "lang/de/texts.json": `{"hello":"{{"}`,
	} {
		m := copied(t)
		m[file] = &fstest.MapFile{Data: []byte(bad)}
		if _, err := loadLanguages(m); err == nil || !strings.Contains(err.Error(), file[5:7]) {
			t.Errorf("%s: %v", file, err)
		}
	}
	m := copied(t)
	m["lang/es/words.txt"] = &fstest.MapFile{Data: []byte("hola")}
	if _, err := loadLanguages(m); err == nil {
		t.Error("words before a concept are accepted")
	}
	delete(m, "lang/es/sample.txt")
	if _, err := loadLanguages(m); err == nil {
		t.Error("a folder without a sample is accepted")
	}
}
