//! What encoding needs to know of a shape, laid out in the order in which it is read.

use super::shape::{Kind, Member, Node};

/// The members of all objects of a shape.
#[derive(Debug)]
pub(crate) struct Steps {
    steps: Box<[Step]>,
    /// Where each node's steps begin; those of the next begin where they end.
    starts: Box<[usize]>,
    /// What stands before each member's value: a comma, the name as a literal, a colon. Behind all there is room to
    /// copy whole blocks.
    text: Box<[u8]>,
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Where the text before its value begins.
    start: usize,
    length: u32,
    /// The node of its value.
    pub(crate) node: u32,
    pub(crate) form: Form,
    /// The member may be left out.
    pub(crate) optional: bool,
}

/// How a value is written, if that is short to say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Bool,
    Int,
    Uint,
    Float,
    String,
    /// As its node says.
    Other,
}

/// The size of the blocks in which text is copied.
const BLOCK: usize = 32;

impl Steps {
    pub(crate) fn of(nodes: &[Node], escape_html: bool) -> Self {
        let (mut steps, mut starts, mut text) = (Vec::new(), vec![0], Vec::new());
        for node in nodes {
            if let Kind::Struct(members) = &node.kind {
                for member in &members.list {
                    let start = text.len();
                    append_name(&mut text, member, escape_html);
                    steps.push(Step {
                        start,
                        // Names and numbers of nodes have 32 bits in descriptions.
                        length: (text.len() - start) as u32,
                        node: member.node as u32,
                        form: Form::of(&nodes[member.node]),
                        optional: member.optional,
                    });
                }
            }
            starts.push(steps.len());
        }
        text.resize(text.len() + BLOCK, 0);
        Steps { steps: steps.into(), starts: starts.into(), text: text.into() }
    }

    /// The members of the object that a node is.
    #[inline(always)]
    pub(crate) fn of_node(&self, node: usize) -> &[Step] {
        match self.starts.get(node..node + 2) {
            Some(&[start, end]) => self.steps.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// What stands before the value of a member: a block that begins with it, if it is no longer than that.
    #[inline(always)]
    pub(crate) fn block(&self, step: &Step) -> Option<(&[u8; BLOCK], usize)> {
        let block = self.text.get(step.start..)?.first_chunk()?;
        let length = step.length as usize;
        (length <= BLOCK).then_some((block, length))
    }

    /// What stands before the value of a member.
    pub(crate) fn text(&self, step: &Step) -> &[u8] {
        &self.text[step.start..step.start + step.length as usize]
    }
}

fn append_name(text: &mut Vec<u8>, member: &Member, escape_html: bool) {
    text.extend_from_slice(b",\"");
    for &byte in &member.name {
        match byte {
            // Go's rules for names leave nothing else to escape.
            b'<' | b'>' | b'&' if escape_html => text.extend(format!("\\u{byte:04x}").bytes()),
            _ => text.push(byte),
        }
    }
    text.extend_from_slice(b"\":");
}

impl Form {
    pub(crate) fn of(node: &Node) -> Self {
        match node.kind {
            _ if node.quoted => Form::Other,
            Kind::Bool => Form::Bool,
            Kind::Int { .. } => Form::Int,
            Kind::Uint { .. } => Form::Uint,
            Kind::Float64 => Form::Float,
            Kind::String => Form::String,
            _ => Form::Other,
        }
    }
}
