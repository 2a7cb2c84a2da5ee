//! DSSE envelopes (secure-systems-lab/dsse 1.0.2): bytes, their type, and signatures over both.

use provenance_build::signing::{PublicKey, base64};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Fault, json};

/// The type of in-toto statements.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Bytes of an envelope: an SBOM of 10,000 packages has some 10 MB, and base64 makes a third more of it.
pub const ENVELOPE_BYTES: usize = 32 * 1024 * 1024;

/// Signatures of an envelope: each costs a hash over the payload for every key. More people do not sign one document.
const MOST_SIGNATURES: usize = 16;

const DOCUMENT: &str = "envelope";

/// An envelope that could be read. Nothing is known yet of who signed it; see [`verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload: Vec<u8>,
    payload_type: String,
    signatures: Vec<Signature>,
}

/// A signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Which key is said to have made it: a hint, nothing that anybody vouches for.
    pub keyid: Option<String>,
    /// Its bytes.
    pub sig: Vec<u8>,
}

/// What trusted keys signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<'e> {
    /// The signed bytes: what is read from now on.
    pub payload: &'e [u8],
    /// Their type, which is signed, too.
    pub payload_type: &'e str,
    /// The distinct keys that signed, in the order in which they are trusted.
    pub signers: Vec<PublicKey>,
}

#[derive(Deserialize, Serialize)]
struct Written {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WrittenSignature>,
}

#[derive(Deserialize, Serialize)]
struct WrittenSignature {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

/// The pre-authentication encoding: what is signed. Lengths are those of bytes.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// The payload, where at least so many distinct keys of these signed it (a threshold of none counts as one).
///
/// # Errors
///
/// An envelope that too few of the keys signed.
pub fn verify<'e>(
    envelope: &'e Envelope,
    keys: &[PublicKey],
    threshold: usize,
) -> Result<Verified<'e>, Fault> {
    let signed = pae(&envelope.payload_type, &envelope.payload);
    let holds = |key: &PublicKey, signature: &Signature| {
        let bytes = <&[u8; 64]>::try_from(&signature.sig[..]);
        bytes.is_ok_and(|bytes| key.verifies(&signed, bytes))
    };
    let mut signers: Vec<PublicKey> = vec![];
    for key in keys {
        if signers.contains(key) {
            continue;
        }
        // The key id decides what is tried first, and nothing else.
        let name = key.fingerprint().to_string();
        let is_hinted = |signature: &&Signature| signature.keyid.as_deref() == Some(&name);
        let (hinted, others): (Vec<_>, Vec<_>) = envelope.signatures.iter().partition(is_hinted);
        if hinted.into_iter().chain(others).any(|signature| holds(key, signature)) {
            signers.push(*key);
        }
    }
    let wanted = threshold.max(1);
    if signers.len() < wanted {
        let what = format!("is signed by {} of the {wanted} trusted keys that it takes", signers.len());
        return Err(Fault::new(DOCUMENT, what));
    }
    Ok(Verified { payload: &envelope.payload, payload_type: &envelope.payload_type, signers })
}

impl Envelope {
    /// An envelope that nobody signed yet.
    pub fn new(payload_type: &str, payload: Vec<u8>) -> Self {
        Self { payload, payload_type: payload_type.to_owned(), signatures: vec![] }
    }

    /// Reads an envelope. Standard and URL-safe base64 are both taken, padded; fields that are not known are passed over.
    ///
    /// # Errors
    ///
    /// What is none.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        Self::of(json::read(DOCUMENT, bytes, ENVELOPE_BYTES)?)
    }

    /// Makes an envelope of JSON that was read strictly.
    pub(super) fn of(value: Value) -> Result<Self, Fault> {
        let fault = |what: &str| Fault::new(DOCUMENT, what);
        let written: Written = json::typed(DOCUMENT, &value)?;
        if written.signatures.is_empty() {
            return Err(fault("has no signatures"));
        }
        if written.signatures.len() > MOST_SIGNATURES {
            return Err(Fault::new(DOCUMENT, format!("has more than {MOST_SIGNATURES} signatures")));
        }
        // Some libraries count characters, others bytes.
        if written.payload_type.is_empty()
            || !written.payload_type.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(fault("has a payload type that is no media type"));
        }
        let payload = decode(&written.payload).ok_or_else(|| fault("has a payload that is not base64"))?;
        let signatures = written.signatures.into_iter().map(|signature| {
            let sig = decode(&signature.sig).ok_or_else(|| fault("has a signature that is not base64"))?;
            Ok(Signature { keyid: signature.keyid.filter(|keyid| !keyid.is_empty()), sig })
        });
        let signatures = signatures.collect::<Result<_, Fault>>()?;
        Ok(Self { payload, payload_type: written.payload_type, signatures })
    }

    /// The bytes that a key has to sign.
    pub fn to_be_signed(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// Adds the signature of a key, in the place of one that it made before.
    pub fn sign(&mut self, key: &PublicKey, signature: &[u8; 64]) {
        let keyid = Some(key.fingerprint().to_string());
        self.signatures.retain(|older| older.keyid != keyid);
        self.signatures.push(Signature { keyid, sig: signature.to_vec() });
    }

    /// The signatures, of whoever they are.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The payload as it stands there, for those who say that nobody vouches for it.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The envelope on one line, without a line end.
    pub fn to_line(&self) -> String {
        let signature = |signature: &Signature| WrittenSignature {
            keyid: signature.keyid.clone(),
            sig: base64::encode(&signature.sig),
        };
        let written = Written {
            payload: base64::encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        serde_json::json!(written).to_string()
    }
}

/// Standard base64, or URL-safe base64, and no mixture of both.
fn decode(text: &str) -> Option<Vec<u8>> {
    match (text.contains(['-', '_']), text.contains(['+', '/'])) {
        (true, true) => None,
        (true, false) => base64::decode(&text.replace('-', "+").replace('_', "/")),
        (false, _) => base64::decode(text),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};
    use proptest::prelude::*;

    use super::*;

    fn secret(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn public(seed: u8) -> PublicKey {
        PublicKey::from_bytes(&secret(seed).verifying_key().to_bytes()).expect("a key")
    }

    fn signed(payload: &[u8], seeds: &[u8]) -> Envelope {
        let mut envelope = Envelope::new(IN_TOTO, payload.to_vec());
        for &seed in seeds {
            let signature = secret(seed).sign(&envelope.to_be_signed()).to_bytes();
            envelope.sign(&public(seed), &signature);
        }
        envelope
    }

    fn count(envelope: &Envelope, seeds: &[u8]) -> usize {
        let keys = seeds.iter().map(|&seed| public(seed)).collect::<Vec<_>>();
        verify(envelope, &keys, 1).map_or(0, |verified| verified.signers.len())
    }

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(pae("\u{e9}", b""), "DSSEv1 2 \u{e9} 0 ".as_bytes());
    }

    #[test]
    fn an_envelope_reads_back_and_verifies() {
        let envelope = signed(b"{}", &[1, 2]);
        let read = Envelope::read(envelope.to_line().as_bytes()).expect("read");
        assert_eq!(read, envelope);
        let verified = verify(&read, &[public(1), public(2)], 2).expect("signed");
        assert_eq!((verified.payload, verified.payload_type), (&b"{}"[..], IN_TOTO));
        assert_eq!(verified.signers, [public(1), public(2)]);
    }

    #[test]
    fn a_threshold_counts_keys_and_no_signatures() {
        let mut twice = signed(b"{}", &[1]);
        let again = twice.signatures[0].sig.clone();
        for keyid in [None, Some("another".to_owned()), Some(public(2).fingerprint().to_string())] {
            twice.signatures.push(Signature { keyid, sig: again.clone() });
        }
        assert_eq!(count(&twice, &[1, 2]), 1);
        assert!(verify(&twice, &[public(1), public(2)], 2).is_err());
        // The same key twice among the trusted ones is one key.
        assert_eq!(count(&signed(b"{}", &[1]), &[1, 1]), 1);
        assert!(verify(&signed(b"{}", &[1]), &[public(1), public(1)], 2).is_err());
        assert!(verify(&signed(b"{}", &[1, 2]), &[public(1), public(2)], 2).is_ok());
        // Signing again does not add one.
        assert_eq!(signed(b"{}", &[1, 1]).signatures.len(), 1);
    }

    #[test]
    fn no_threshold_still_takes_one_signature() {
        assert!(verify(&signed(b"{}", &[1]), &[public(2)], 0).is_err());
        assert!(verify(&signed(b"{}", &[1]), &[], 0).is_err());
        assert!(verify(&Envelope::new(IN_TOTO, vec![]), &[public(1)], 0).is_err());
    }

    #[test]
    fn a_key_id_decides_nothing() {
        let mut envelope = signed(b"{}", &[1]);
        for keyid in [None, Some(public(2).fingerprint().to_string()), Some("x".to_owned())] {
            envelope.signatures[0].keyid = keyid;
            assert_eq!((count(&envelope, &[1]), count(&envelope, &[2])), (1, 0));
        }
    }

    #[test]
    fn another_type_or_payload_is_not_what_was_signed() {
        let good = signed(b"{}", &[1]);
        let other_type = Envelope { payload_type: "application/json".to_owned(), ..good.clone() };
        let other_bytes = Envelope { payload: b"{ }".to_vec(), ..good.clone() };
        // Moving the boundary between type and payload keeps the text, not the lengths.
        let moved =
            Envelope { payload_type: format!("{IN_TOTO} 2"), payload: b"{}".to_vec(), ..good.clone() };
        for bad in [other_type, other_bytes, moved] {
            assert_eq!(count(&bad, &[1]), 0, "{bad:?}");
        }
        let mut cut = good;
        cut.signatures[0].sig.pop();
        assert_eq!(count(&cut, &[1]), 0);
    }

    #[test]
    fn both_alphabets_are_read_and_no_mixture() {
        let envelope = signed(&[0xfb, 0xff, 0xfe], &[1]);
        let line = envelope.to_line();
        assert!(line.contains("\"+//+\""), "{line}");
        let of = |payload: &str| Envelope::read(line.replace("+//+", payload).as_bytes());
        assert_eq!(of("-__-"), Ok(envelope.clone()));
        for bad in ["-_/-", "+//", "+//+=", "+//+====", " +//+", "+//+\\n", "-__", "\u{e9}///"] {
            assert!(of(bad).is_err(), "{bad}");
        }
        let unknown = line.replacen('{', "{\"x_vendor\":[1],", 1);
        assert_eq!(Envelope::read(unknown.as_bytes()), Ok(envelope));
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let good = signed(b"{}", &[1]).to_line();
        let signatures =
            |number: usize| format!("\"signatures\":[{}]", vec!["{\"sig\":\"\"}"; number].join(","));
        for bad in [
            "{}".to_owned(),
            "[]".to_owned(),
            good.replace("\"payload\"", "\"Payload\""),
            good.replace("\"payloadType\"", "\"payload_type\""),
            good.replace("application/vnd.in-toto+json", ""),
            good.replace("application/vnd.in-toto+json", "caf\u{e9}"),
            good.replace("application/vnd.in-toto+json", "a b"),
            good.replace("\"e30=\"", "17"),
            good.replace("\"e30=\"", "null"),
            good.replace("\"sig\"", "\"Sig\""),
            good.replacen('{', "{\"payload\":\"e30=\",", 1),
            format!("{{\"payload\":\"\",\"payloadType\":\"a\",{}}}", signatures(0)),
            format!("{{\"payload\":\"\",\"payloadType\":\"a\",{}}}", signatures(17)),
            format!("{good}{good}"),
        ] {
            assert!(Envelope::read(bad.as_bytes()).is_err(), "{bad}");
        }
        let most = format!("{{\"payload\":\"\",\"payloadType\":\"a\",{}}}", signatures(16));
        assert!(Envelope::read(most.as_bytes()).is_ok());
        assert!(Envelope::read(&vec![b' '; ENVELOPE_BYTES + 1]).is_err());
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>, text in "[\\[\\]{}\":,a-zA-Z=+/_-]{0,60}") {
            let _ = (Envelope::read(&bytes), Envelope::read(text.as_bytes()));
        }
    }

    proptest! {
        // Signing is slow where it is not optimized.
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn no_changed_byte_passes(payload: Vec<u8>, at: prop::sample::Index, change in 1_u8..) {
            let good = signed(&payload, &[1]).to_line().into_bytes();
            let mut bad = good.clone();
            let at = at.index(bad.len());
            bad[at] ^= change;
            if let Ok(envelope) = Envelope::read(&bad) {
                // A key id is nobody's word, and a letter of a field that is passed over changes nothing.
                let verified = verify(&envelope, &[public(1)], 1);
                prop_assert!(verified.is_err() || verified.is_ok_and(|it| it.payload == &payload[..]));
            }
        }

        #[test]
        fn what_is_written_is_read(payload: Vec<u8>, seeds in prop::collection::vec(0_u8..9, 1..4)) {
            let envelope = signed(&payload, &seeds);
            let line = envelope.to_line();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(Envelope::read(line.as_bytes()), Ok(envelope));
        }
    }
}
