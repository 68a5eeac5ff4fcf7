//! The images, kept in memory up to a limit.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// All images together; the oldest make room.
const MOST_BYTES: usize = 64 << 20;

/// An image.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// The images that are there.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    images: HashMap<String, Image>,
    order: VecDeque<String>,
    total: usize,
}

impl Shelf {
    /// Puts an image on the shelf and says which ones fell off it.
    pub(crate) fn put(&self, id: &str, image: Image) -> Vec<String> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.total += image.bytes.len();
        inner.order.push_back(id.to_owned());
        inner.images.insert(id.to_owned(), image);
        let mut fallen = Vec::new();
        while inner.total > MOST_BYTES {
            let Some(oldest) = inner.order.pop_front() else { break };
            if let Some(image) = inner.images.remove(&oldest) {
                inner.total = inner.total.saturating_sub(image.bytes.len());
            }
            fallen.push(oldest);
        }
        fallen
    }

    /// An image.
    pub(crate) fn get(&self, id: &str) -> Option<Image> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).images.get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_image_falls_off() {
        let shelf = Shelf::default();
        let image =
            |size| Image { content_type: "image/png".to_owned(), bytes: vec![0; size].into() };
        assert!(shelf.put("a", image(MOST_BYTES - 1)).is_empty());
        assert!(shelf.put("b", image(1)).is_empty());
        assert_eq!(shelf.put("c", image(10)), ["a"]);
        assert!(shelf.get("a").is_none() && shelf.get("b").is_some() && shelf.get("c").is_some());
    }
}
