//! Bodies of answers: kept or drained, counted, limited, unpacked.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::exchange::failure_of;
use crate::http1::Headers;
use crate::names::ErrorKind;
use crate::plan::Failure;
use crate::units::Bytes as Size;

/// Reads a body to its end. Returns it (if `keep`) and its length as it came.
pub(super) async fn read(
    mut body: Incoming,
    keep: bool,
    limit: Size,
) -> Result<(Bytes, u64), Failure> {
    let mut kept = BytesMut::new();
    let mut only: Option<Bytes> = None;
    let mut length = 0_u64;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure_of(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        length += u64::try_from(data.len()).unwrap_or_default();
        if length > limit.0 {
            return Err(too_large(limit));
        }
        if !keep {
            continue;
        }
        // Most bodies come in one piece, which needs no copy.
        match only.take() {
            None if kept.is_empty() => only = Some(data),
            first => {
                kept.extend_from_slice(&first.unwrap_or_default());
                kept.extend_from_slice(&data);
            }
        }
    }
    Ok((only.unwrap_or_else(|| kept.freeze()), length))
}

fn too_large(limit: Size) -> Failure {
    Failure::new(ErrorKind::BodyTooLarge, format!("the body is larger than {limit}"))
}

/// Unpacks a body by its `Content-Encoding`, to at most `limit` bytes; `None` if it is not packed.
pub(super) fn unpack(
    body: &[u8],
    headers: Headers<'_>,
    limit: Size,
) -> Result<Option<Vec<u8>>, Failure> {
    let mut unpacked: Option<Vec<u8>> = None;
    let codings: Vec<String> = headers
        .texts(CONTENT_ENCODING.as_str())
        .flat_map(|value| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .collect();
    for coding in codings.iter().rev() {
        let packed = unpacked.as_deref().unwrap_or(body);
        let plain = match coding.as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => all(MultiGzDecoder::new(packed), limit)?,
            "br" => all(brotli::Decompressor::new(packed, 4_096), limit)?,
            // RFC 9110 means zlib's form; some servers send the bare one.
            "deflate" if packed.first().is_some_and(|byte| byte & 0x0F == 8) => {
                all(ZlibDecoder::new(packed), limit)?
            }
            "deflate" => all(DeflateDecoder::new(packed), limit)?,
            other => {
                let message = format!("unknown content encoding `{other}`");
                return Err(Failure::new(ErrorKind::Protocol, message));
            }
        };
        unpacked = Some(plain);
    }
    Ok(unpacked)
}

/// Reads all that comes out, but not more than `limit`.
fn all(reader: impl Read, limit: Size) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let broken = |error: io::Error| {
        Failure::new(ErrorKind::Protocol, format!("the compressed body is broken: {error}"))
    };
    reader.take(limit.0.saturating_add(1)).read_to_end(&mut out).map_err(broken)?;
    if u64::try_from(out.len()).unwrap_or(u64::MAX) > limit.0 {
        return Err(too_large(limit));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;
    use crate::http1::Header;

    fn packed(coding: &str, text: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        match coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "zlib" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "raw" => {
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            _ => {
                let mut out = Vec::new();
                brotli::CompressorWriter::new(&mut out, 4_096, 5, 20).write_all(text).unwrap();
                out
            }
        }
    }

    fn unpacked(coding: &str, bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, Failure> {
        let headers = [Header { name: "content-encoding", value: coding.as_bytes() }];
        let unpacked = unpack(&bytes, Headers::new(&headers), Size(limit))?;
        Ok(unpacked.unwrap_or(bytes))
    }

    #[test]
    fn every_coding_is_unpacked() {
        let text = b"farms farms farms farms".repeat(50);
        for (coding, form) in
            [("gzip", "gzip"), ("br", "br"), ("deflate", "zlib"), ("deflate", "raw")]
        {
            assert_eq!(unpacked(coding, packed(form, &text), 10_000).unwrap(), text, "{form}");
        }
        assert_eq!(unpacked("identity", text.clone(), 10_000).unwrap(), text);
    }

    #[test]
    fn a_bomb_stops_at_the_limit_and_rubbish_is_an_error() {
        let bomb = packed("gzip", &vec![0; 1_000_000]);
        assert!(bomb.len() < 2_000);
        assert_eq!(unpacked("gzip", bomb, 10_000).unwrap_err().kind, ErrorKind::BodyTooLarge);
        let rubbish = unpacked("gzip", b"rubbish".to_vec(), 10_000).unwrap_err();
        assert_eq!(rubbish.kind, ErrorKind::Protocol);
        assert_eq!(unpacked("zstd", vec![1], 10).unwrap_err().kind, ErrorKind::Protocol);
    }
}
