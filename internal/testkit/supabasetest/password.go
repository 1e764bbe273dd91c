package supabasetest

// samplePassword is a password hash as the source stores it and, if known, its password.
type samplePassword struct {
	form        string // describes the hash or the password; it becomes a part of the name of a user kind
	plain, hash string
	rejected    bool // the target rejects the hash: its format is unknown, or its cost is above the limit
}

// passwordsOfEveryFormat has a hash of every format that Supabase Auth accepts. Supabase Auth's code has verified each
// of them.
var passwordsOfEveryFormat = []samplePassword{
	{
		form:  "bcrypt of Supabase",
		plain: "native-Password-1",
		hash:  `$2a$10$vl1gsT0SRpqM.fZkG1XQJeHR39/9mSLkHUkBvQ2B5YD9P1dD4Rkfm`,
	},
	{form: "bcrypt 2a", plain: "alpha-Pass-1", hash: `$2a$10$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e`},
	{form: "bcrypt 2b", plain: "beta-Pass-1", hash: `$2b$10$uHOqzheae0DLvKapQWKDFODhexpKqlt7y7Q63/sBZHnmk8J6rKZr6`},
	{form: "bcrypt 2b cheap", plain: "beta-Pass-2", hash: `$2b$05$/bf2ulWF9J.rlw1FwXykg.cQUy2BIEXicmvCjqHyyLU1NJd0LA0zy`},
	{form: "bcrypt 2y", plain: "yankee-Pass-1", hash: `$2y$10$lH/UXZuIpTvDNDYQ.khW0eQa4SVEQp4aIXqiHQ9hC20dXKp6.KzPC`},
	{
		form:  "bcrypt 2y cheap",
		plain: "yankee-Pass-2",
		hash:  `$2y$05$E.L6W8vh6oaiYS7/il3tseMEFUocau17YYvu/mnrWKG.T2fVZwTYC`,
	},
	{form: "bcrypt 2", plain: "plain-2-Pass", hash: `$2$05$wViB5HhxNj2G9Ba0FdC0lej0NwtRvF6js.xwRun/jofhBiIHYauCe`},
	{form: "bcrypt 2x", plain: "xray-Pass-1", hash: `$2x$05$epCVy4xPPlMQUx9f30vqMeggN5DBT9Gm6OoqzhWevfZJE99Z7LxTe`},
	{
		form:  "argon2i",
		plain: "argon-Pass-3",
		hash:  `$argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQxMjM0NTY3OA$y989WJtFuFMw2NDMtpTg0XFDzv+/et1N5aJSG3Tbcak`,
	},
	{
		form:  "argon2i two lanes",
		plain: "argon-Pass-4",
		hash:  `$argon2i$v=19$m=1024,t=4,p=2$c2FsdHNhbHRzYWx0c2FsdA$XSMfnukKuyRH4IMIVj3m1WXCgeXa+YFM`,
	},
	{
		form:  "argon2id",
		plain: "argon-Pass-1",
		hash:  `$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$sEl/hUpDyCBpld8eedWXXljnbIIGiqgyyOu3ZudBzFc`,
	},
	{
		form:  "argon2id four lanes",
		plain: "argon-Pass-2",
		hash:  `$argon2id$v=19$m=19456,t=2,p=4$MDEyMzQ1Njc4OWFiY2RlZg$+4L/tEkVoufdkyXuH+OskA`,
	},
	{
		form:  "firebase",
		plain: "fire-Pass-1",
		hash: `$fbscrypt$v=1,n=14,r=8,p=1,ss=Cg==,sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=$dXNlcnNhbHQwMQ==$` +
			`ZTWFiGPElEExObq3Vs3juLtoTB80q4t8CnVloK8T/YE=`,
	},
	{
		form:  "firebase two lanes",
		plain: "fire-Pass-2",
		hash: `$fbscrypt$v=1,n=14,r=8,p=2,ss=CgI=,sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=$dXNlcnNhbHQwMg==$` +
			`djtOTPezaDnHspBj1OdbMnt8jHKcZV3FUZmdEQSygZE=`,
	},
	{
		form:  "firebase long signer",
		plain: "fire-Pass-3",
		hash: `$fbscrypt$v=1,n=14,r=8,p=1,ss=Cg==,` +
			`sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMw==$dXNlcnNhbHQwMw==$` +
			`vYtaH5baIR9QqKlw0h0789cxHev3hPVe/zzkrj9uhLnCi6475R+Gm/FVJBql8/4ZJantLinOFYKu84+9LmnpCQ==`,
	},
}

// ordinaryPasswords are hashes of ordinary users. Their cost is low, so that hundreds of sign-ins are quick.
var ordinaryPasswords = []samplePassword{
	{plain: "correct-Horse-1", hash: `$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW`},
	{plain: "correct-Horse-2", hash: `$2a$04$NkforpVuiFe6hLhLQD4QCuECkif1W/nHCHSV0E18PluFsreMS0LzC`},
	{plain: "correct-Horse-3", hash: `$2a$04$8guQrIqmUISBMJA1SMox8e/jHzhT5tiDh60B4jMGptBgphuwBKgIy`},
	{plain: "correct-Horse-4", hash: `$2a$04$NYyZnBcePVeLrWwobKXYDOCU9eJne96DI25hglev3Q5dSkaGq4roa`},
	{plain: "correct-Horse-5", hash: `$2a$05$7plB4/77Crl37ida/Kd1Du1Yp09z0HBF1ZcXK5NU4ZcKVcOwgHdey`},
	{
		plain: "correct-Horse-7",
		hash:  `$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$ZkcAbjF/agaQq9td0IORxl9f1a0gAwzjCA0/iy4jN0k`,
	},
}

// sameEmailPasswords are hashes for users with the same email. Their passwords differ, so that a test notices a sign-in
// to the wrong account.
var sameEmailPasswords = []samplePassword{
	{plain: "claimed-Pass-1", hash: `$2a$04$cfA8HO.F9ViPz93OF78zGODEtV2Djz8YnyCZ2y1/GpMcLiFel/rdW`},
	{plain: "claimed-Pass-2", hash: `$2a$04$hrNTdvF6GB8a1Toe1upSj.kkX4br7LwwmGtkgwxHI9a9uiOytsLsu`},
	{plain: "claimed-Pass-3", hash: `$2a$04$rRwisF7VeFyIWyTyHKGtme1RC5Zowuj0d1FKTEHuiXd4BkwfNMFsq`},
}

// passwordHashedWithSQL is a hash that Postgres made with crypt() and gen_salt('bf').
var passwordHashedWithSQL = samplePassword{
	plain: "correct-Horse-6",
	hash:  `$2a$06$53IGK0hFcsBFDYLOG8R.xOwIRYxo0lBIxRvV9PGwlxVyQTSxecZCy`,
}

// unknownBcryptHash is the hash of a random password that no user knows. Supabase Auth stores such a hash for users
// who sign in by mail.
const unknownBcryptHash = `$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5BWX4Z1Z3MxE8lmyDQ2Z7v0m1eB1e`

// unusualPasswords are hashes of unusual passwords.
var unusualPasswords = []samplePassword{
	{form: "six letters", plain: "secret", hash: `$2a$04$uVRwSyjRBYvb7MpqnSMAVueHBDwxRMFrt8xF/WfKe.CQ9Q3DIG2jS`},
	{
		form:  "many scripts",
		plain: "pässwörd-пароль-密码-🔑",
		hash:  `$2a$04$V90d8oRLxnpU6dByTEkeReZayaLhQslkfam6Y6spdlsLmxJnAABFC`,
	},
	{form: "decomposed", plain: "fiance\u0301-123", hash: `$2a$04$vfD.K4svyy2GzmU1J.EBSugfC/WQAMQpuxuGJOPVMKH.q9fDwKGKC`},
	{
		form:  "spaces around",
		plain: "  two spaces each  ",
		hash:  `$2a$04$YixlA5bzPrmTA38IJ9J.dexij.uX5RA/gAbPRk5byTz.zAG9vxzd2`,
	},
	{
		form:  "quote and tab",
		plain: "quote\"back\\slash\ttab",
		hash:  `$2a$04$21i6CaedWbAY8dzcPB.b8OG8XguoZFTvYF7D8BM76vc8bR6UFDRR.`,
	},
	{
		form: "72 bytes", plain: "72-bytes-72-bytes-72-bytes-72-bytes-72-bytes-72-bytes-72-bytes-72-bytes-",
		hash: `$2a$04$PaD0F//j7j8Cj.kB52cMzueHQOsgvBYXgMAvPhptSOl8UtWS8yq3u`,
	},
}

// tooCostlyPasswords are valid hashes whose cost Supabase Auth allows, but which is above the limit of the target.
var tooCostlyPasswords = []samplePassword{
	{
		form:     "bcrypt of cost 15",
		rejected: true,
		plain:    "dear-Pass-15",
		hash:     `$2a$15$j9SfIm5.wBzkohatL3wReODYT66MXuuVWqedW.YxjqZWJVQbuThLW`,
	},
	{
		form:     "argon2 of 1 GiB",
		rejected: true,
		plain:    "dear-Argon-1",
		hash:     `$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$ufTPR4BDmEitFb62xuQuCE1p3mv96QXZ9Y6Lib9urW4`,
	},
	{
		form:     "argon2 of 20 passes",
		rejected: true,
		plain:    "dear-Argon-2",
		hash:     `$argon2id$v=19$m=64,t=20,p=1$c29tZXNhbHQxMjM0NTY3OA$nqbh7msnqJPVfnjkl8oWEETUvT9FfuYNlXuZi8zw6YU`,
	},
	{
		form:     "argon2 of 16 lanes",
		rejected: true,
		plain:    "dear-Argon-3",
		hash:     `$argon2id$v=19$m=1024,t=1,p=16$c29tZXNhbHQxMjM0NTY3OA$5cHHcygg8LWMWigF1WA3YfzRhAmr7/kWmQ0ImSgigsw`,
	},
	{
		form:     "bcrypt of cost 14",
		rejected: true,
		plain:    "dear-Pass-14",
		hash:     `$2a$14$jnd7wLaMI/oJzc1MGpzEwuL0rYGyX2i5G7O36NBJjgiid.Kof2En.`,
	},
	{
		form:     "argon2 of 256 MiB and 3 passes",
		rejected: true,
		plain:    "dear-Argon-4",
		hash:     `$argon2id$v=19$m=262144,t=3,p=1$c29tZXNhbHQxMjM0NTY3OA$x1qmAsLzAJmErEoavTIjM5SWz6gpWqnNiPWusSHv088`,
	},
	{
		form:     "firebase of 128 MiB and 2 lanes",
		rejected: true,
		plain:    "dear-Fire-2",
		hash: `$fbscrypt$v=1,n=17,r=8,p=2,ss=Cg==,sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=$dXNlcnNhbHQwNQ==$` +
			`CwNY+/oIaCu2o/GUKm16wWccD+wVywQxLt0z0cLEtqA=`,
	},
	{
		form:     "firebase of 256 MiB",
		rejected: true,
		plain:    "dear-Fire-1",
		hash: `$fbscrypt$v=1,n=18,r=8,p=1,ss=Cg==,sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=$dXNlcnNhbHQwNA==$` +
			`rleiZCmVrkOEh8ZxL2qDPvTqap/okL5A71U3ZT6Dyvs=`,
	},
}

// textsThatAreNoHashes are texts that Supabase Auth does not accept as hashes. plain is a password that a user could
// enter.
var textsThatAreNoHashes = []samplePassword{
	{form: "plain text", rejected: true, plain: "hunter2-hunter2", hash: `hunter2-hunter2`},
	{
		form:     "sha256",
		rejected: true,
		plain:    "alpha-Pass-1",
		hash:     `f0e4c2f76c58916ec258f246851bea091d14d4247a2fc3e18694461b1816e13b`,
	},
	{
		form:     "pbkdf2",
		rejected: true,
		plain:    "alpha-Pass-1",
		hash:     `$pbkdf2-sha256$i=600000$c29tZXNhbHQ$c29tZWtleXNvbWVrZXlzb21la2V5c29tZWtleQ`,
	},
	{
		form:     "argon2d",
		rejected: true,
		plain:    "argon-Pass-1",
		hash:     `$argon2d$v=19$m=4096,t=3,p=1$c29tZXNhbHQxMjM0NTY3OA$y989WJtFuFMw2NDMtpTg0XFDzv+/et1N5aJSG3Tbcak`,
	},
	{
		form:     "argon2 of version 16",
		rejected: true,
		plain:    "argon-Pass-3",
		hash:     `$argon2i$v=16$m=4096,t=3,p=1$c29tZXNhbHQxMjM0NTY3OA$y989WJtFuFMw2NDMtpTg0XFDzv+/et1N5aJSG3Tbcak`,
	},
	{
		form:     "bcrypt cut short",
		rejected: true,
		plain:    "alpha-Pass-1",
		hash:     `$2a$10$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo`,
	},
	{
		form:     "bcrypt of cost 3",
		rejected: true,
		plain:    "alpha-Pass-1",
		hash:     `$2a$03$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e`,
	},
	{
		form:     "bcrypt with a newline",
		rejected: true,
		plain:    "alpha-Pass-1",
		hash:     "$2a$10$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e\n",
	},
	{form: "spaces", rejected: true, plain: "   ", hash: "   "},
	encryptedHash,
}

// encryptedHash is a hash, or the secret of a second factor, as Supabase Auth with database encryption stores it.
var encryptedHash = samplePassword{
	form:     "encrypted at rest",
	plain:    "alpha-Pass-1",
	rejected: true,
	hash: `{"key_id":"key-1","alg":"aes-gcm-hkdf",` +
		`"data":"xYaUVh9fZ047tnnmo0j65eJTFvadjt4uWsS8LSGxetgpsdYc0NqTiHUYCETnWFYYpXm8npUu1t1LtDkQeBgVPZsDOnfW69j9tFz3pg=="` +
		`,"nonce":"Vjc3FnqyG1VV6gb5"}`,
}

// mostCostlyHash is a valid hash of the highest bcrypt cost, which takes days to compute. Its password is not known.
const mostCostlyHash = `$2a$31$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e`
