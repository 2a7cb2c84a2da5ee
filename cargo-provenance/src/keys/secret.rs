//! Secret keys in OpenSSH's file format (OpenSSH, `PROTOCOL.key`).

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use provenance_build::signing::PublicKey;
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{Cipher, Kdf, LineEnding, PrivateKey};

use super::{KeyError, Passphrase};

/// Bytes of a key file: one of Ed25519 has 400 to 600.
const FILE_BYTES: u64 = 16 * 1024;
/// Rounds of bcrypt for a new file, as `ssh-keygen` of OpenSSH 9.4 and later has them: a fraction of a second.
const ROUNDS: u32 = 24;
/// Rounds that a file may ask for: some seconds. One that asks for more would keep the machine busy for hours.
const MOST_ROUNDS: u32 = 2_048;

/// How a key file is protected besides by its permissions.
#[derive(Clone, Copy)]
pub enum Protection<'a> {
    /// Not at all.
    None,
    /// By a passphrase.
    Passphrase(&'a str),
}

/// A secret key.
pub struct SecretKey {
    // Wipes itself when it is dropped.
    private: Ed25519PrivateKey,
    public: PublicKey,
    comment: String,
}

/// A key file that was read and perhaps not decrypted yet.
pub struct KeyFile {
    file: PathBuf,
    key: PrivateKey,
    public: PublicKey,
}

impl SecretKey {
    /// A new key.
    pub fn generate(comment: &str) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(KeyError::Random)?;
        Self::of(Ed25519PrivateKey::from_bytes(&seed), comment)
            .ok_or(KeyError::Random(getrandom::Error::UNEXPECTED))
    }

    /// The key of a seed. No seed leads to a weak key, which is made sure of all the same.
    pub(super) fn of(private: Ed25519PrivateKey, comment: &str) -> Option<Self> {
        let public = SigningKey::from_bytes(private.as_ref()).verifying_key();
        let public = PublicKey::from_bytes(public.as_bytes()).ok()?;
        Some(Self { private, public, comment: comment.to_owned() })
    }

    /// The text of a key file.
    pub fn to_text(&self, protection: Protection<'_>) -> Result<String, KeyError> {
        let public = Ed25519PublicKey(*self.public.as_bytes());
        let mut key = PrivateKey::from(Ed25519Keypair { public, private: self.private.clone() });
        key.set_comment(self.comment.as_str());
        if let Protection::Passphrase(passphrase) = protection {
            let mut random = [0; 20];
            getrandom::fill(&mut random).map_err(KeyError::Random)?;
            let (check, salt) = random.split_at(4);
            let check = check.iter().fold(0, |check, byte| check << 8 | u32::from(*byte));
            let kdf = Kdf::Bcrypt { salt: salt.to_vec(), rounds: ROUNDS };
            key =
                key.encrypt_with(Cipher::Aes256Ctr, kdf, check, passphrase).map_err(KeyError::Unwritable)?;
        }
        Ok(key.to_openssh(LineEnding::LF).map_err(KeyError::Unwritable)?.to_string())
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    pub(super) fn sign(&self, data: &[u8]) -> [u8; 64] {
        SigningKey::from_bytes(self.seed()).sign(data).to_bytes()
    }

    pub(super) fn seed(&self) -> &[u8; 32] {
        self.private.as_ref()
    }
}

impl KeyFile {
    /// Reads a key file. One that others can read is refused, as OpenSSH does.
    pub fn read(file: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { file: file.to_owned(), source };
        let unfit = |what: &str, help: &str| unfit(file, what, help);
        // Opening a named pipe would wait for ever, so the kind is looked at first.
        let is_file = fs::metadata(file).map_err(failed)?.is_file();
        let opened = is_file.then(|| fs::File::open(file)).transpose().map_err(failed)?;
        let Some(opened) = opened else { return Err(unfit("is not a regular file", "name a key file")) };
        let metadata = opened.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(unfit("is not a regular file", "name a key file"));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            if metadata.permissions().mode() & 0o077 != 0 {
                let help =
                    format!("see who had it; then `chmod 600 {}`, or make another key", file.display());
                return Err(unfit("is a secret key that others can read", &help));
            }
        }
        let mut text = String::new();
        let no_key = |_| unfit("is not a key in OpenSSH's format", "make one with `cargo provenance keygen`");
        opened.take(FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
        let key = PrivateKey::from_openssh(&text).map_err(no_key)?;
        if let Kdf::Bcrypt { rounds, .. } = key.kdf()
            && *rounds > MOST_ROUNDS
        {
            return Err(unfit(
                "asks for more rounds of its key derivation than are done",
                "write it anew with `ssh-keygen -p`",
            ));
        }
        let KeyData::Ed25519(public) = key.public_key().key_data() else {
            let help = "make an Ed25519 key with `cargo provenance keygen`";
            return Err(unfit("is a key of another kind than Ed25519", help));
        };
        let weak = |what| unfit(&format!("holds {what}"), "make another key");
        let public = PublicKey::from_bytes(&public.0).map_err(weak)?;
        Ok(Self { file: file.to_owned(), key, public })
    }

    /// The public half, which is there without a passphrase.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// What the key is called. In an encrypted file that is a secret too.
    pub fn comment(&self) -> &str {
        self.key.comment().as_str_lossy()
    }

    /// Whether it takes a passphrase.
    pub fn is_encrypted(&self) -> bool {
        self.key.is_encrypted()
    }

    /// The secret key, decrypted where it must be.
    pub fn open(self, passphrase: Passphrase<'_>) -> Result<SecretKey, KeyError> {
        let key = match self.key.is_encrypted() {
            false => self.key,
            true => self
                .key
                .decrypt(passphrase.get(&self.file)?)
                .map_err(|_| unfit(&self.file, "does not open with this passphrase", "try again"))?,
        };
        let private = key.key_data().ed25519().map(|pair| pair.private.clone());
        let secret = private.and_then(|private| SecretKey::of(private, key.comment().as_str_lossy()));
        // Signing with a public key that is not the secret one's gives the secret away.
        secret
            .filter(|secret| secret.public == self.public)
            .ok_or_else(|| unfit(&self.file, "holds halves that do not belong together", "make another key"))
    }
}

fn unfit(file: &Path, what: &str, help: &str) -> KeyError {
    KeyError::File { file: file.to_owned(), what: what.to_owned(), help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(text: &str) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("temp");
        let file = directory.path().join("key");
        crate::store::create_private(&file, text.as_bytes()).expect("written");
        (directory, file)
    }

    fn opened(text: &str, passphrase: &str) -> Result<SecretKey, String> {
        let (_directory, file) = write(text);
        let ask = |_: &str| Ok(passphrase.to_owned());
        KeyFile::read(&file)
            .and_then(|key| key.open(Passphrase::Ask(&ask)))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_reads_back_with_its_passphrase_and_with_no_other() {
        let key = SecretKey::generate("me@example.org").expect("a key");
        let plain = key.to_text(Protection::None).expect("text");
        let read = opened(&plain, "").expect("a key");
        assert_eq!(
            (read.seed(), read.public(), &*read.comment),
            (key.seed(), key.public(), "me@example.org")
        );
        let sealed = key.to_text(Protection::Passphrase("open sesame")).expect("text");
        assert_eq!(opened(&sealed, "open sesame").expect("a key").seed(), key.seed());
        let error = opened(&sealed, "open").err().expect("refused");
        assert!(error.ends_with("does not open with this passphrase"), "{error}");
        let error = opened(&sealed, "").err().expect("refused");
        assert!(error.starts_with("no passphrase for "), "{error}");
        assert_ne!(SecretKey::generate("").expect("a key").seed(), key.seed());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let key = SecretKey::generate("").expect("a key").to_text(Protection::None).expect("text");
        for text in [
            String::new(),
            key[..key.len() / 2].to_owned(),
            key.replace("OPENSSH", "RSA"),
            "x".repeat(20_000),
        ] {
            let error = opened(&text, "").err().expect("refused");
            assert!(error.ends_with("is not a key in OpenSSH's format"), "{error}");
        }
        assert!(matches!(KeyFile::read(Path::new("/")), Err(KeyError::File { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let key = SecretKey::generate("").expect("a key").to_text(Protection::None).expect("text");
        let (_directory, file) = write(&key);
        for mode in [0o644, 0o640, 0o604, 0o620] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("chmod");
            let error = KeyFile::read(&file).err().expect("refused").to_string();
            assert!(error.ends_with("is a secret key that others can read"), "{error}");
        }
    }
}
