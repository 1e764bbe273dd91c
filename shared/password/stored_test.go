package password

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
)

const (
	salt22         = "c29tZXNhbHQxMjM0NTY3OA"
	key43          = "sEl/hUpDyCBpld8eedWXXljnbIIGiqgyyOu3ZudBzFc"
	tail53         = "EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e"
	firebaseSigner = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

func TestR11_CostLimits(t *testing.T) {
	t.Parallel()
	phc := func(cost string) string { return "$argon2id$v=19$" + cost + "$" + salt22 + "$" + key43 }
	firebase := func(cost string) string {
		return "$fbscrypt$v=1," + cost + ",ss=Cg==,sk=" + firebaseSigner + "$dXNlcnNhbHQwMQ==$" + firebaseSigner
	}
	tests := []struct {
		stored string
		want   bool
	}{
		{phc("m=262144,t=2,p=8"), true}, // two passes over 256 MiB
		{phc("m=262144,t=3,p=8"), false},
		{phc("m=65536,t=10,p=1"), true},
		{phc("m=65537,t=10,p=1"), false},
		{phc("m=262144,t=10,p=8"), false},
		{phc("m=262145,t=1,p=8"), false},
		{phc("m=1048576,t=1,p=1"), false},
		{phc("m=4294967295,t=1,p=1"), false},
		{phc("m=64,t=11,p=8"), false},
		{phc("m=64,t=10,p=9"), false},
		{phc("m=64,t=1,p=256"), false},
		{phc("m=64,t=1,p=257"), false},
		{phc("m=1,t=1,p=1"), true},
		{phc("m=0,t=1,p=1"), false},
		{phc("m=64,t=0,p=1"), false},
		{phc("m=64,t=1,p=0"), false},
		{"$2b$13$" + tail53, true},
		{"$2b$14$" + tail53, false},
		{"$2b$31$" + tail53, false},
		{"$2b$32$" + tail53, false},
		{"$2b$04$" + tail53, true},
		{"$2b$03$" + tail53, false},
		{"$2b$00$" + tail53, false},
		{firebase("n=20,r=1,p=1"), true},
		{firebase("n=20,r=1,p=2"), false},
		{firebase("n=17,r=8,p=1"), true},
		{firebase("n=17,r=8,p=8"), false},
		{firebase("n=14,r=8,p=8"), true},
		{firebase("n=14,r=64,p=1"), true},
		{firebase("n=14,r=64,p=2"), false},
		{firebase("n=18,r=8,p=1"), false},
		{firebase("n=21,r=1,p=1"), false},
		{firebase("n=63,r=1,p=1"), false},
		{firebase("n=64,r=1,p=1"), false},
		{firebase("n=17,r=9,p=1"), false},
		{firebase("n=1,r=65,p=1"), false},
		{firebase("n=1,r=1073741824,p=1"), false},
		{firebase("n=14,r=8,p=9"), false},
		{firebase("n=0,r=8,p=1"), false},
		{firebase("n=14,r=0,p=1"), false},
		{firebase("n=14,r=8,p=0"), false},
	}
	for _, tt := range tests {
		t.Run(tt.stored[:min(len(tt.stored), 40)], func(t *testing.T) {
			t.Parallel()
			if got := IsSupported(tt.stored); got != tt.want {
				t.Errorf("IsSupported(%q) = %v, want %v", tt.stored, got, tt.want)
			}
			if c, known := parseHash(tt.stored); known && c.memory > maxArgon2MemoryKiB*1024 {
				t.Errorf("the hash %q needs %d bytes of memory, want at most %d", tt.stored, c.memory, maxArgon2MemoryKiB*1024)
			}
		})
	}
}

// Verify rejects the right password of a hash that costs too much.
func TestR11_RightPasswordAboveTheCeilingIsRefused(t *testing.T) {
	t.Parallel()
	const password = "right-Password-1"
	salt := []byte("somesalt12345678")
	phc := func(time uint32, threads uint8) string {
		c := argon2Cost{memory: 128, time: time, threads: threads}
		return c.text(salt, argon2.IDKey([]byte(password), salt, time, c.memory, threads, argon2KeyLength))
	}
	firebase := func(threads int) string {
		key, err := scrypt.Key([]byte(password), salt, 2, 1, threads, firebaseKeyBytes)
		if err != nil {
			t.Fatal(err)
		}
		b64 := base64.StdEncoding.EncodeToString
		return fmt.Sprintf(
			"$fbscrypt$v=1,n=1,r=1,p=%d,sk=%s$%s$%s",
			threads,
			b64(salt),
			b64(salt),
			b64(encryptSigner(key, salt)),
		)
	}
	checkVerify(t, phc(10, 8), password, true)
	checkVerify(t, phc(11, 8), password, false)
	checkVerify(t, phc(10, 9), password, false)
	checkVerify(t, firebase(8), password, true)
	checkVerify(t, firebase(9), password, false)
}

func TestMalformedHashIsNotSupportedAndNeverMatches(t *testing.T) {
	t.Parallel()
	hexKey := strings.Repeat("0123456789abcdef", 8)
	valid := map[string]string{
		"argon2":      "$argon2id$v=19$m=64,t=1,p=1$" + salt22 + "$" + key43,
		"bcrypt":      "$2b$04$" + tail53,
		"firebase":    "$fbscrypt$v=1,n=1,r=1,p=1,ss=Cg==,sk=" + firebaseSigner + "$dXNlcnNhbHQwMQ==$" + firebaseSigner,
		"better auth": "257a8ceeb0deb8c8d152e8d769ab57a9:" + hexKey,
	}
	changes := []struct{ of, old, new string }{
		{"argon2", "argon2id", "argon2d"},
		{"argon2", "argon2id", "argon2ID"},
		{"argon2", "argon2id", "argon2"},
		{"argon2", "v=19", "v=16"},
		{"argon2", "v=19$", ""},
		{"argon2", "m=64,t=1,p=1", "t=1,m=64,p=1"},
		{"argon2", "m=64,t=1,p=1", "m=64,t=1"},
		{"argon2", "m=64,t=1,p=1", "m=64,t=1,p=1,keyid=AAAA"},
		{"argon2", "m=64,t=1,p=1", "m=64,t=1,p=1,data=AAAA"},
		{"argon2", "m=64", "m=+64"},
		{"argon2", "m=64", "m=-64"},
		{"argon2", "m=64", "m=6_4"},
		{"argon2", "m=64", "m=0x40"},
		{"argon2", "m=64", "m="},
		{"argon2", "m=64", "m=99999999999999999999"},
		{"argon2", "m=64", "64"},
		{"argon2", salt22, ""},
		{"argon2", salt22, "c29tZXNhbHQxMjM0NTY3OA=="},
		{"argon2", salt22, "c29tZXNhbHQxMj-_"},
		{"argon2", salt22, "c29tZXNh\nbHQxMjM0NTY3OA"},
		{"argon2", key43, ""},
		{"argon2", key43, "AAAA"},
		{"argon2", key43, key43 + "$"},
		{"argon2", key43, key43 + "\r"},
		{"argon2", key43, strings.Repeat("A", 600)},
		{"bcrypt", "$2b$", "$2c$"},
		{"bcrypt", "$2b$", "$2bb$"},
		{"bcrypt", "$2b$", "$3b$"},
		{"bcrypt", "$2b$", "$2B$"},
		{"bcrypt", "$2b$", "2b$"},
		{"bcrypt", "$04$", "$4$"},
		{"bcrypt", "$04$", "$+4$"},
		{"bcrypt", "$04$", "$004$"},
		{"bcrypt", "$04$", "$04"},
		{"bcrypt", tail53, tail53[:52]},
		{"bcrypt", tail53, tail53 + "."},
		{"bcrypt", tail53, tail53[:52] + "="},
		{"bcrypt", tail53, tail53[:52] + "\n"},
		{"bcrypt", tail53, ""},
		{"firebase", "v=1", "v=2"},
		{"firebase", "v=1,", ""},
		{"firebase", "n=1,r=1", "r=1,n=1"},
		{"firebase", "n=1", "n=-1"},
		{"firebase", "ss=Cg==", "ss=Cg"},
		{"firebase", "sk=" + firebaseSigner, "sk="},
		{"firebase", ",sk=" + firebaseSigner, ""},
		{"firebase", "sk=" + firebaseSigner, "sk=MDEy"},
		{"firebase", "$dXNlcnNhbHQwMQ==$", "$$"},
		{"firebase", "$dXNlcnNhbHQwMQ==$", "$"},
		{"firebase", "$dXNlcnNhbHQwMQ==$" + firebaseSigner, "$dXNlcnNhbHQwMQ==$"},
		{"firebase", "$dXNlcnNhbHQwMQ==$", "$dXNlcnNh\nbHQwMQ==$"},
		{"better auth", ":", ""},
		{"better auth", ":", "::"},
		{"better auth", "257a8ceeb0deb8c8d152e8d769ab57a9", ""},
		{"better auth", "257a8ceeb0deb8c8d152e8d769ab57a9", "257A8CEEB0DEB8C8D152E8D769AB57A9"},
		{"better auth", "257a8ceeb0deb8c8d152e8d769ab57a9", "not hex"},
		{"better auth", hexKey, ""},
		{"better auth", hexKey, hexKey[2:]},
		{"better auth", hexKey, hexKey + "00"},
		{"better auth", hexKey, strings.ToUpper(hexKey)},
		{"better auth", hexKey, hexKey + ":00"},
	}
	check := func(t *testing.T, stored string) {
		t.Helper()
		if IsSupported(stored) {
			t.Errorf("IsSupported(%q) = true, want false", stored)
		}
		checkVerify(t, stored, "", false)
		checkVerify(t, stored, "password123", false)
	}
	for name, stored := range valid {
		if !IsSupported(stored) {
			t.Errorf("%s: IsSupported(%q) = false, want true", name, stored)
		}
	}
	for _, c := range changes {
		stored := strings.Replace(valid[c.of], c.old, c.new, 1)
		if stored == valid[c.of] {
			t.Errorf("the hash %s does not contain %q", c.of, c.old)
		}
		check(t, stored)
	}
	for _, stored := range []string{
		"", " ", ":", "$", "$$$$$", "$2", "$2b", "$argon2", "$argon2id", "$argon2id$$$$", "$fbscrypt$", "$fbscrypt$$$",
		"password123", "\x00", "\xff:\xff", "x" + valid["bcrypt"], valid["bcrypt"] + "\n", " " + valid["better auth"],
		`{"key_id":"key-1","alg":"aes-gcm-hkdf","data":"xYaUVh9fZ047tnnmo0j65eJT","nonce":"Vjc3FnqyG1VV6gb5"}`,
		strings.Repeat("a", 1<<20), strings.Repeat("$", 1<<20), strings.Repeat("a", 1<<20) + ":" + hexKey,
	} {
		check(t, stored)
	}
}

func TestShortestAndLongestStoredHashesAreRead(t *testing.T) {
	t.Parallel()
	base := func(bytes int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, bytes)) }
	argon2id := func(salt, key int) string { return "$argon2id$v=19$m=8,t=1,p=1$" + base(salt) + "$" + base(key) }
	fbscrypt := func(key string) string { return "$fbscrypt$v=1,n=1,r=1,p=1,ss=,sk=" + key + "$dXNlcnNhbHQwMQ==$" + key }
	for stored, want := range map[string]bool{
		argon2id(16, 4):      true,
		argon2id(16, 3):      false,
		argon2id(327, 36):    true,  // 512 bytes
		argon2id(328, 35):    false, // 513 bytes
		fbscrypt("AAAAAA=="): true,  // 4 bytes
		fbscrypt("AAAA"):     false,
	} {
		if got := IsSupported(stored); got != want {
			t.Errorf("IsSupported of %d bytes %.60q = %v, want %v", len(stored), stored, got, want)
		}
	}
	if got, want := mustParseHash(argon2id(16, 32)).memory, int64(8192); got != want {
		t.Errorf("the hash needs %d bytes of memory, want %d", got, want)
	}
}
