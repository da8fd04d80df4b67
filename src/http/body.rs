//! What a call carries: nothing, a ready text, or content that is streamed.

use std::borrow::Cow;

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_LENGTH;
use reqwest::multipart::{Form, Part};
use serde::Serialize;

use super::progress::Progress;
use super::request::form_encode;
use super::source::Source;
use crate::base::fault::{Class, Delivery, Fault};

/// What a call carries. It can be sent again, from its beginning.
///
/// Not `Debug`: it may hold secrets.
#[derive(Clone, Default)]
pub struct Body {
    /// None when there is nothing, and for a form whose type has a boundary, which is chosen when it is sent.
    pub(crate) content_type: Option<Cow<'static, str>>,
    content: Content,
}

#[derive(Clone, Default)]
enum Content {
    #[default]
    Nothing,
    Ready(Vec<u8>),
    Streamed(Source),
    File {
        part: &'static str,
        name: String,
        content_type: &'static str,
        source: Source,
        texts: Vec<(&'static str, &'static str)>,
    },
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A JSON body.
    ///
    /// # Errors
    /// When `value` has no JSON form: [`Class::Broken`], not sent.
    pub fn json(operation: &'static str, value: &impl Serialize) -> Result<Self, Fault> {
        // The reason stays out of the fault: it can quote the value.
        let content = serde_json::to_vec(value).map_err(|_| {
            Fault::new(Class::Broken, operation, "the request has no JSON form").with_delivery(Delivery::NotSent)
        })?;
        Ok(Self::raw("application/json", content))
    }

    /// A form body (`application/x-www-form-urlencoded`).
    pub fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::raw("application/x-www-form-urlencoded", form_encode(fields).into_bytes())
    }

    /// Ready-made content of any type.
    pub fn raw(content_type: impl Into<Cow<'static, str>>, content: Vec<u8>) -> Self {
        Self { content_type: Some(content_type.into()), content: Content::Ready(content) }
    }

    /// Content that is read while it is sent, with its length said beforehand.
    pub fn stream(content_type: impl Into<Cow<'static, str>>, source: Source) -> Self {
        Self { content_type: Some(content_type.into()), content: Content::Streamed(source) }
    }

    /// A form (`multipart/form-data`) whose one part is a file of this name, read while it is sent, with its length said beforehand.
    pub fn file(part: &'static str, name: impl Into<String>, content_type: &'static str, source: Source) -> Self {
        let content = Content::File { part, name: name.into(), content_type, source, texts: Vec::new() };
        Self { content_type: None, content }
    }

    /// The same form, with a part more: a short text. A body that is no form stays as it is.
    #[must_use]
    pub fn text_part(mut self, part: &'static str, text: &'static str) -> Self {
        if let Content::File { texts, .. } = &mut self.content {
            texts.push((part, text));
        }
        self
    }

    /// The same call, carrying this.
    ///
    /// # Errors
    /// When the type of a file is none.
    pub(crate) fn attach(&self, call: RequestBuilder, progress: &Progress) -> Result<RequestBuilder, reqwest::Error> {
        Ok(match &self.content {
            Content::Nothing => call,
            Content::Ready(content) => call.body(content.clone()),
            // Without this header its length would not be told, and stores of files want to know it.
            Content::Streamed(source) => call.header(CONTENT_LENGTH, source.length()).body(streamed(source, progress)),
            Content::File { part, name, content_type, source, texts } => {
                let file = Part::stream_with_length(streamed(source, progress), source.length());
                let form = Form::new().part(*part, file.file_name(name.clone()).mime_str(content_type)?);
                call.multipart(texts.iter().fold(form, |form, (part, text)| form.text(*part, *text)))
            }
        })
    }
}

fn streamed(source: &Source, progress: &Progress) -> reqwest::Body {
    progress.sends();
    if source.length() == 0 {
        progress.all_sent();
    }
    reqwest::Body::wrap_stream(source.chunks(progress.clone()))
}
