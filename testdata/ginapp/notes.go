package main

import (
	"encoding/binary"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/gin-gonic/gin"
	"go.etcd.io/bbolt"
)

// notes keeps short texts in their order.
type notes struct {
	mu   sync.Mutex
	list []string
	db   *bbolt.DB // nil if they are forgotten with the process
}

var bucket = []byte("notes")

// openNotes reads the file of notes, if there is to be one. The file is locked: a
// second process waits here until the first has ended.
func openNotes(c config) (*notes, error) {
	n := &notes{list: []string{}}
	if c.Notes != "bolt" {
		return n, nil
	}
	db, err := bbolt.Open(filepath.Join(c.Folder, "notes.db"), 0o600, nil)
	if err != nil {
		return nil, err
	}
	n.db = db
	return n, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		return b.ForEach(func(_, text []byte) error {
			n.list = append(n.list, string(text))
			return nil
		})
	})
}

func (n *notes) close() {
	if n.db != nil {
		n.db.Close()
	}
}

func (n *notes) add(text string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.db != nil {
		key := binary.BigEndian.AppendUint64(nil, uint64(len(n.list)))
		if err := n.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(key, []byte(text)) }); err != nil {
			return err
		}
	}
	n.list = append(n.list, text)
	return nil
}

func (n *notes) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.list[:len(n.list):len(n.list)]
}

func (a *app) listNotes(c *gin.Context) { c.JSON(http.StatusOK, a.notes.all()) }

func (a *app) addNote(c *gin.Context) {
	var note struct {
		Text string `json:"text" form:"text" binding:"required"`
	}
	if err := c.ShouldBind(&note); err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
		return
	}
	if err := a.notes.add(note.Text); err != nil {
		c.JSON(http.StatusInternalServerError, gin.H{"error": err.Error()})
		return
	}
	if c.ContentType() == gin.MIMEPOSTForm { // from the page: back to it
		c.Redirect(http.StatusSeeOther, "/")
		return
	}
	c.JSON(http.StatusCreated, note)
}
