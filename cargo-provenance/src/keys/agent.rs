//! A client of ssh-agent (draft-ietf-sshm-ssh-agent): which Ed25519 keys it holds, and signatures with them.
//!
//! It speaks over the Unix socket that `SSH_AUTH_SOCK` names. On Windows agents are not supported.

#[cfg(not(unix))]
use std::path::Path;

#[cfg(not(unix))]
use provenance_build::signing::PublicKey;

use super::KeyError;

/// A connection to an agent.
pub struct Agent {
    #[cfg(unix)]
    stream: std::os::unix::net::UnixStream,
}

#[cfg(not(unix))]
impl Agent {
    /// Tells that there are no agents here.
    pub fn connect(_: &Path) -> Result<Self, KeyError> {
        Err(KeyError::Agent { what: "cannot be used on this system".to_owned(), source: None })
    }

    /// None.
    pub fn keys(&mut self) -> Result<Vec<(PublicKey, String)>, KeyError> {
        Ok(vec![])
    }

    /// Never.
    pub fn sign(&mut self, _: &PublicKey, _: &[u8]) -> Result<[u8; 64], KeyError> {
        Err(KeyError::Agent { what: "cannot be used on this system".to_owned(), source: None })
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::time::Duration;

    use provenance_build::signing::PublicKey;
    use provenance_build::signing::key;

    use super::{Agent, KeyError};

    /// Bytes of an answer: OpenSSH's own limit (`AGENT_MAX_LEN`, 256 KiB).
    const ANSWER_BYTES: usize = 256 * 1024;
    /// Keys in an answer: OpenSSH's own limit (`MAX_AGENT_IDENTITIES`).
    const MOST_KEYS: u32 = 2_048;
    /// How long an agent may take: it may ask a person whether the key may be used (`ssh-add -c`).
    const PATIENCE: Duration = Duration::from_secs(120);

    const REQUEST_IDENTITIES: u8 = 11;
    const IDENTITIES_ANSWER: u8 = 12;
    const SIGN_REQUEST: u8 = 13;
    const SIGN_RESPONSE: u8 = 14;

    impl Agent {
        /// Connects to the agent at a socket.
        pub fn connect(socket: &Path) -> Result<Self, KeyError> {
            let stream = UnixStream::connect(socket).and_then(|stream| {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(stream)
            });
            let stream = stream.map_err(failed("does not answer"))?;
            Ok(Self { stream })
        }

        /// The Ed25519 keys that it holds, with their comments. Keys of other kinds, and weak ones, are left out.
        pub fn keys(&mut self) -> Result<Vec<(PublicKey, String)>, KeyError> {
            let answer = self.ask(REQUEST_IDENTITIES, &[], IDENTITIES_ANSWER)?;
            let mut rest = &answer[..];
            let number =
                key::take_number(&mut rest).filter(|number| *number <= MOST_KEYS).ok_or_else(strange)?;
            let mut keys = vec![];
            for _ in 0..number {
                let blob = key::take(&mut rest).ok_or_else(strange)?;
                let comment = String::from_utf8_lossy(key::take(&mut rest).ok_or_else(strange)?).into_owned();
                let found = key::typed(blob).and_then(|bytes| PublicKey::from_bytes(&bytes).ok());
                keys.extend(found.map(|key| (key, comment)));
            }
            if rest.is_empty() { Ok(keys) } else { Err(strange()) }
        }

        /// Has it sign.
        pub fn sign(&mut self, key: &PublicKey, data: &[u8]) -> Result<[u8; 64], KeyError> {
            let mut request = vec![];
            key::put(&mut request, &key.blob());
            key::put(&mut request, data);
            // No flags: they are about RSA.
            request.extend(0_u32.to_be_bytes());
            let answer = self.ask(SIGN_REQUEST, &request, SIGN_RESPONSE)?;
            let [signature] = key::take_all(&answer).ok_or_else(strange)?;
            key::typed(signature).ok_or_else(strange)
        }

        fn ask(&mut self, kind: u8, body: &[u8], wanted: u8) -> Result<Vec<u8>, KeyError> {
            let mut message = vec![];
            key::put(&mut message, &[&[kind], body].concat());
            self.stream.write_all(&message).map_err(failed("does not listen"))?;
            let mut length = [0; 4];
            self.stream.read_exact(&mut length).map_err(failed("does not answer"))?;
            let length = u32::from_be_bytes(length) as usize;
            if length == 0 || length > ANSWER_BYTES {
                return Err(strange());
            }
            let mut answer = vec![0; length];
            self.stream.read_exact(&mut answer).map_err(failed("does not answer"))?;
            match answer.remove(0) {
                kind if kind == wanted => Ok(answer),
                _ => Err(KeyError::Agent { what: "refused".to_owned(), source: None }),
            }
        }
    }

    fn failed(what: &str) -> impl FnOnce(io::Error) -> KeyError {
        move |source| KeyError::Agent { what: what.to_owned(), source: Some(source) }
    }

    fn strange() -> KeyError {
        KeyError::Agent { what: "gave an answer that makes no sense".to_owned(), source: None }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// What a client makes of an agent that answers everything with these bytes.
        fn keys(answer: &[u8]) -> Result<usize, String> {
            let (near, mut far) = UnixStream::pair().expect("a pair");
            far.write_all(answer).expect("written");
            far.shutdown(std::net::Shutdown::Write).expect("shut");
            let keys = Agent { stream: near }.keys();
            keys.map(|keys| keys.len()).map_err(|error| error.to_string())
        }

        fn framed(body: &[u8]) -> Vec<u8> {
            let mut message = vec![];
            key::put(&mut message, body);
            message
        }

        #[test]
        fn answers_that_make_no_sense_are_refused() {
            let strange = Err("the ssh-agent gave an answer that makes no sense".to_owned());
            assert_eq!(keys(&framed(&[12, 0, 0, 0, 0])), Ok(0));
            for body in [
                &[12][..],
                &[12, 0, 0, 0, 1],
                &[12, 0, 0, 0, 0, 0],
                &[12, 255, 255, 255, 255],
                &[12, 0, 0, 0, 1, 255, 255, 255, 255],
                &[12, 0, 0, 0, 1, 0, 0, 0, 0],
            ] {
                assert_eq!(keys(&framed(body)), strange, "{body:?}");
            }
            assert_eq!(keys(&[0, 0, 0, 0]), strange);
            assert_eq!(keys(&[0xff, 0xff, 0xff, 0xff]), strange);
            assert_eq!(keys(&framed(&[5])), Err("the ssh-agent refused".to_owned()));
            for cut in [&[][..], &[0, 0], &[0, 0, 0, 9, 12]] {
                assert_eq!(keys(cut), Err("the ssh-agent does not answer".to_owned()), "{cut:?}");
            }
        }

        #[test]
        fn keys_of_other_kinds_and_weak_ones_are_left_out() {
            let mut body = vec![12];
            body.extend(3_u32.to_be_bytes());
            let good = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
            for (kind, bytes) in
                [(&b"ssh-rsa"[..], &good), (b"ssh-ed25519", &[0; 32]), (b"ssh-ed25519", &good)]
            {
                let mut blob = vec![];
                key::put(&mut blob, kind);
                key::put(&mut blob, bytes);
                key::put(&mut body, &blob);
                key::put(&mut body, b"comment");
            }
            assert_eq!(keys(&framed(&body)), Ok(1));
        }
    }
}
