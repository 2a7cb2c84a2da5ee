"""Signs with a library that this project did not write: `make_dsse.py STATEMENT ENVELOPE`. Prints the public key in OpenSSH's form."""

import base64
import json
import struct
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner


def main(statement, envelope):
    signer = CryptoSigner.generate_ed25519()
    with open(statement, "rb") as file:
        made = Envelope(file.read(), "application/vnd.in-toto+json", {})
    made.sign(signer)
    with open(envelope, "w", encoding="utf-8") as file:
        json.dump(made.to_dict(), file, indent=2)
    key = bytes.fromhex(signer.public_key.keyval["public"])
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", key))
    print("ssh-ed25519", base64.b64encode(blob).decode())
    return 0


sys.exit(main(*sys.argv[1:]))
