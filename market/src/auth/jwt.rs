//! JSON Web Tokens with HMAC-SHA-256 (RFC 7519), and no other algorithm.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The user's id.
    pub(crate) sub: String,
    /// The session's id, by which a token is made void.
    pub(crate) sid: String,
    /// Seconds since 1970.
    pub(crate) iat: u64,
    /// Seconds since 1970.
    pub(crate) exp: u64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// Not a token of ours.
    #[error("the token is not valid")]
    Invalid,
    /// It was one.
    #[error("the token has expired")]
    Expired,
}

impl TokenError {
    /// For the error answer.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID_TOKEN",
            Self::Expired => "TOKEN_EXPIRED",
        }
    }
}

/// Makes a token.
pub(crate) fn sign(claims: &Claims, secret: &[u8]) -> Result<String, TokenError> {
    let claims = serde_json::to_vec(claims).map_err(|_json| TokenError::Invalid)?;
    let head = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mac = mac(&signed, secret)?.finalize().into_bytes();
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac)))
}

/// Reads a token, if it is ours and still counts at `now`, in seconds since 1970.
pub(crate) fn verify(token: &str, secret: &[u8], now: u64) -> Result<Claims, TokenError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
    let (head, claims) = signed.split_once('.').ok_or(TokenError::Invalid)?;
    // In constant time; and before anything else is read, so that only our own texts are parsed.
    mac(signed, secret)?.verify_slice(&decode(signature)?).map_err(|_mac| TokenError::Invalid)?;
    let head: Header = parse(head)?;
    if head.alg != "HS256" {
        return Err(TokenError::Invalid);
    }
    let claims: Claims = parse(claims)?;
    if claims.exp <= now { Err(TokenError::Expired) } else { Ok(claims) }
}

fn mac(signed: &str, secret: &[u8]) -> Result<Hmac<Sha256>, TokenError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_key| TokenError::Invalid)?;
    mac.update(signed.as_bytes());
    Ok(mac)
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_base64| TokenError::Invalid)
}

fn parse<T: for<'a> Deserialize<'a>>(part: &str) -> Result<T, TokenError> {
    serde_json::from_slice(&decode(part)?).map_err(|_json| TokenError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims { sub: "u1".to_owned(), sid: "s1".to_owned(), iat: 100, exp: 200 }
    }

    #[test]
    fn a_token_is_read_until_it_expires() {
        let token = sign(&claims(), b"secret").unwrap();
        assert_eq!(verify(&token, b"secret", 199), Ok(claims()));
        assert_eq!(verify(&token, b"secret", 200), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_of_somebody_else_is_refused() {
        let token = sign(&claims(), b"secret").unwrap();
        let changed = format!("{token}x");
        let none = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(br#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).unwrap())
        );
        for wrong in [changed.as_str(), none.as_str(), "", ".", "..", "a.b.c", "ä.ö.ü"] {
            assert_eq!(verify(wrong, b"secret", 0), Err(TokenError::Invalid), "{wrong}");
        }
        assert_eq!(verify(&token, b"other", 0), Err(TokenError::Invalid));
    }

    #[test]
    fn the_signature_agrees_with_rfc_7515_appendix_a_1() {
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let got = mac(signed, &key).unwrap().finalize().into_bytes();
        assert_eq!(URL_SAFE_NO_PAD.encode(got), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }
}
