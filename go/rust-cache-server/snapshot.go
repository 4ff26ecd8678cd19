package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A snapshot is a header, blocks of entries, and an end, with numbers in the little-endian order:
//
//	header  "TANDEMSN", version (4 bytes)
//	block   length of the payload (4), entries in it (4), CRC-32C of both and of the payload (4), payload
//	entry   length of the key (4), length of the value (4), when it expires in Unix milliseconds, 0 for never (8), key, value
//	end     a block of no entries, whose payload is the number of all entries (8)
//
// A value is what the cache holds: see store. Each block is proven whole by itself, so that a file that was cut off
// or damaged still gives what is in front of that.
const (
	snapshotMagic   = "TANDEMSN"
	snapshotVersion = 1
	blockSize       = 1 << 20 // from which on a block is written
	blockHeader     = 12
	entryHeader     = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errNoSnapshot = errors.New("it is no snapshot of rust-cache-server")
	errVersion    = errors.New("the snapshot is of another version")
	errDamaged    = errors.New("the snapshot is cut off or damaged")
)

// create makes the file that a snapshot is written to before it takes the place of path. It has the same name each time, so that
// those of saves that were killed do not add up.
func create(path string) (*os.File, error) {
	return os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// tryToSave tells whether there will be a way to write a snapshot.
func tryToSave(path string) error {
	file, err := create(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// save writes a snapshot of all entries, and puts it in the place of path when it is safe on the disk.
func (s *store) save(path string) (entries int, err error) {
	file, err := create(path)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	w := &snapshotWriter{out: bufio.NewWriterSize(file, 256<<10)}
	w.header()
	now := time.Now()
	if err := s.eachKey(func(key []byte) bool {
		w.entry(s, key, now)
		return w.err == nil
	}); err != nil {
		return 0, err
	}
	w.end()
	if w.err != nil {
		return 0, w.err
	}
	if err := w.out.Flush(); err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, err
	}
	if err := file.Close(); err != nil {
		return 0, err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return 0, err
	}
	return w.entries, syncFolder(path)
}

// syncFolder makes a rename outlast a failure of the power.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

type snapshotWriter struct {
	out     *bufio.Writer
	block   []byte // with room for its header
	inBlock int
	entries int
	err     error
}

func (w *snapshotWriter) header() {
	header := binary.LittleEndian.AppendUint32([]byte(snapshotMagic), snapshotVersion)
	_, w.err = w.out.Write(header)
	w.block = make([]byte, blockHeader, blockHeader+blockSize+blockSize/4)
}

// entry adds the entry of a key, if there is one.
func (w *snapshotWriter) entry(s *store, key []byte, now time.Time) {
	start := len(w.block)
	block := append(w.block, make([]byte, entryHeader)...)
	block = append(block, key...)
	block, found := s.AppendGet(block, key)
	ttl, still := s.TTL(key)
	if !found || !still {
		return
	}
	header := block[start:]
	binary.LittleEndian.PutUint32(header, uint32(len(key)))
	binary.LittleEndian.PutUint32(header[4:], uint32(len(header)-entryHeader-len(key)))
	if ttl > 0 {
		binary.LittleEndian.PutUint64(header[8:], uint64(now.Add(ttl).UnixMilli()))
	}
	w.block = block
	w.inBlock++
	w.entries++
	if len(w.block) >= blockSize {
		w.flush()
	}
}

// flush writes the block.
func (w *snapshotWriter) flush() {
	payload := w.block[blockHeader:]
	binary.LittleEndian.PutUint32(w.block, uint32(len(payload)))
	binary.LittleEndian.PutUint32(w.block[4:], uint32(w.inBlock))
	binary.LittleEndian.PutUint32(w.block[8:], checksum(w.block[:8], payload))
	if w.err == nil {
		_, w.err = w.out.Write(w.block)
	}
	w.block, w.inBlock = w.block[:blockHeader], 0
}

func checksum(header, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, payload)
}

func (w *snapshotWriter) end() {
	if w.inBlock > 0 {
		w.flush()
	}
	w.block = binary.LittleEndian.AppendUint64(w.block, uint64(w.entries))
	w.flush()
}

// load stores the entries of a snapshot that have not expired, and returns how many they are. Those in front of
// damage are stored too, and the error is errDamaged. It is no error if there is no file.
func (s *store) load(path string) (entries int, err error) {
	stat, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if !stat.Mode().IsRegular() { // a pipe would not even open
		return 0, errNoSnapshot
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	r := &snapshotReader{in: bufio.NewReaderSize(file, 256<<10), left: stat.Size()}
	if err := r.header(); err != nil {
		return 0, err
	}
	now := time.Now()
	for read := 0; ; {
		payload, inBlock, err := r.next()
		if err != nil {
			return entries, err
		}
		if inBlock == 0 {
			if len(payload) != 8 || binary.LittleEndian.Uint64(payload) != uint64(read) || r.left > 0 {
				return entries, errDamaged
			}
			return entries, nil
		}
		read += inBlock
		stored, err := s.loadBlock(payload, inBlock, now)
		entries += stored
		if err != nil {
			return entries, err
		}
	}
}

// loadBlock stores the entries of a block.
func (s *store) loadBlock(payload []byte, inBlock int, now time.Time) (stored int, err error) {
	for range inBlock {
		if len(payload) < entryHeader {
			return stored, errDamaged
		}
		keyLength, valueLength := binary.LittleEndian.Uint32(payload), binary.LittleEndian.Uint32(payload[4:])
		expires := binary.LittleEndian.Uint64(payload[8:])
		payload = payload[entryHeader:]
		length := uint64(keyLength) + uint64(valueLength)
		if valueLength == 0 || uint64(len(payload)) < length {
			return stored, errDamaged
		}
		key, value := payload[:keyLength], payload[keyLength:length]
		payload = payload[length:]
		if int(value[len(value)-1]) >= len(value) { // the length of the content type
			return stored, errDamaged
		}
		ttl := time.Duration(0)
		if expires != 0 {
			if ttl = time.UnixMilli(int64(expires)).Sub(now); ttl <= 0 {
				continue
			}
		}
		// The limit of the cache may be lower than it was.
		if s.SetTTL(key, value, ttl) == nil {
			stored++
		}
	}
	return stored, nil
}

type snapshotReader struct {
	in    *bufio.Reader
	left  int64 // bytes of the file
	block []byte
}

// read reads n bytes, if so many are left.
func (r *snapshotReader) read(n int64) ([]byte, error) {
	if n > r.left {
		return nil, errDamaged
	}
	r.left -= n
	if int64(cap(r.block)) < n {
		r.block = make([]byte, n)
	}
	r.block = r.block[:n]
	if _, err := io.ReadFull(r.in, r.block); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return r.block, nil
}

func (r *snapshotReader) header() error {
	if r.left == 0 {
		return errDamaged
	}
	magic, err := r.read(min(r.left, int64(len(snapshotMagic))))
	if err != nil {
		return err
	}
	if string(magic) != snapshotMagic[:len(magic)] {
		return errNoSnapshot
	}
	version, err := r.read(4)
	if err != nil {
		return err
	}
	if v := binary.LittleEndian.Uint32(version); v != snapshotVersion {
		return fmt.Errorf("%w: %d in place of %d", errVersion, v, snapshotVersion)
	}
	return nil
}

// next returns a block that is whole. Its payload stays until the next call.
func (r *snapshotReader) next() (payload []byte, entries int, err error) {
	header, err := r.read(blockHeader)
	if err != nil {
		return nil, 0, err
	}
	var numbers [blockHeader]byte
	copy(numbers[:], header)
	payload, err = r.read(int64(binary.LittleEndian.Uint32(numbers[:])))
	if err != nil {
		return nil, 0, err
	}
	if binary.LittleEndian.Uint32(numbers[8:]) != checksum(numbers[:8], payload) {
		return nil, 0, errDamaged
	}
	return payload, int(binary.LittleEndian.Uint32(numbers[4:])), nil
}
