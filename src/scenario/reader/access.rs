//! Lists, mappings and words as serde walks through them.

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::Reader;
use super::error::ReadError;
use crate::scenario::tree::NodeId;

/// Elements of a list.
pub(super) struct Elements<'s, 't> {
    pub(super) reader: Reader<'s, 't>,
    pub(super) open: Vec<NodeId>,
    pub(super) at: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some(node) = self.open.get(self.at).copied() else {
            return Ok(None);
        };
        self.at += 1;
        let read = seed.deserialize(self.reader.other(node));
        read.map(Some).map_err(|error| error.at(node))
    }
}

/// Entries of a mapping.
pub(super) struct Entries<'s, 't> {
    pub(super) reader: Reader<'s, 't>,
    pub(super) open: Vec<(NodeId, NodeId)>,
    pub(super) at: usize,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((key, _)) = self.open.get(self.at).copied() else {
            return Ok(None);
        };
        let read = seed.deserialize(self.reader.other(key));
        read.map(Some).map_err(|error| error.at(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((_, value)) = self.open.get(self.at).copied() else {
            return Err(ReadError::custom("a key without a value"));
        };
        self.at += 1;
        seed.deserialize(self.reader.other(value)).map_err(|error| error.at(value))
    }
}

/// A node's number and then its value, for [`crate::scenario::At`].
pub(super) struct Pair<'s, 't> {
    pub(super) reader: Reader<'s, 't>,
    pub(super) number_given: bool,
}

impl<'de> SeqAccess<'de> for Pair<'_, 'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        if self.number_given {
            return seed.deserialize(self.reader).map(Some);
        }
        self.number_given = true;
        let number: U32Deserializer<ReadError> = self.reader.node.0.into_deserializer();
        seed.deserialize(number).map(Some)
    }
}

/// One word of a closed list.
pub(super) struct Word<'t>(pub(super) &'t str);

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let word = seed.deserialize(serde::de::value::StrDeserializer::<ReadError>::new(self.0))?;
        Ok((word, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, ReadError> {
        Err(self.without_value())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ReadError> {
        Err(self.without_value())
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ReadError> {
        Err(self.without_value())
    }
}

impl Word<'_> {
    fn without_value(&self) -> ReadError {
        ReadError::custom(format_args!("`{}` needs a value", self.0))
    }
}
