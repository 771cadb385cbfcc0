module.exports = globalThis.DOMException
