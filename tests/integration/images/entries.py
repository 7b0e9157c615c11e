# SPDX-License-Identifier: Apache-2.0
"""Writes a tar file of given entries, also such as tar(1) can't write: with any name, header and PAX record.

usage: entries.py FILE.tar <ENTRIES       An entry a line: KIND NAME [KEY=VALUE…], with the quoting of a shell.
    KIND is dir, file, symlink, hardlink, char, block, fifo, or any one letter, which is the type in the header.
    mode= (octal) uid= gid= mtime= (seconds, with a fraction) link= major= minor=
    content=TEXT, zeros=COUNT or repeat=COUNT*TEXT: what a file holds; size=: what the header says, whatever the file holds
    xattr.NAME=, lxattr.NAME=: an extended attribute as SCHILY and as libarchive write it; pax.KEY=: any other PAX record
    In names and values \\xNN is a byte, and {COUNT*TEXT} a repeated text.
    "end" as the KIND ends the archive with two blocks of zeros, after which entries may follow; "cut BYTES" shortens the file.
Alone:  echo 'file etc/motd content=hello mode=600' | python3 entries.py layer.tar; tar -tvf layer.tar
"""
import base64
import re
import shlex
import sys

BLOCK = 512
TYPES = {'file': '0', 'hardlink': '1', 'symlink': '2', 'char': '3', 'block': '4', 'dir': '5', 'fifo': '6'}


def to_bytes(text):
    """The bytes that a word stands for."""
    text = re.sub(r'\{(\d+)\*([^}]*)\}', lambda found: found[2] * int(found[1]), text)
    parts = re.split(r'\\x([0-9a-fA-F]{2})', text)
    return b''.join(bytes([int(part, 16)]) if odd % 2 else part.encode() for odd, part in enumerate(parts))


def octal(value, width):
    return b'%0*o\0' % (width - 1, value)


def header(name, kind, size, words):
    """One header block.  What doesn't fit is cut: PAX records have the whole."""
    def number(key, width, default=0):
        return octal(min(int(float(words.get(key, default))), 8 ** (width - 1) - 1), width)
    mode = int(words.get('mode', '755' if kind == b'5' else '644'), 8)
    fields = [name[:100].ljust(100, b'\0'), octal(mode, 8), number('uid', 8), number('gid', 8), octal(size, 12), number('mtime', 12, 1700000000),
              b' ' * 8, kind, to_bytes(words.get('link', ''))[:100].ljust(100, b'\0'), b'ustar\x0000', b'root'.ljust(32, b'\0'),
              b'root'.ljust(32, b'\0'), number('major', 8), number('minor', 8), b''.ljust(155, b'\0')]
    block = bytearray(b''.join(fields).ljust(BLOCK, b'\0'))
    block[148:156] = b'%06o\0 ' % sum(block)
    return bytes(block)


def record(key, value):
    """A PAX record: its length counts the digits of the length too."""
    rest = b' ' + key + b'=' + value + b'\n'
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def pax_records(name, words):
    records = b''
    if len(name) > 100 or b'\0' in name:
        records += record(b'path', name)
    link = to_bytes(words.get('link', ''))
    if len(link) > 100 or b'\0' in link:
        records += record(b'linkpath', link)
    for key in 'uid', 'gid':
        if int(words.get(key, 0)) >= 8 ** 7:
            records += record(key.encode(), words[key].encode())
    if '.' in words.get('mtime', ''):
        records += record(b'mtime', words['mtime'].encode())
    for key, value in words.items():
        kind, _, rest = key.partition('.')
        if kind == 'xattr':
            records += record(b'SCHILY.xattr.' + to_bytes(rest), to_bytes(value))
        elif kind == 'lxattr':
            records += record(b'LIBARCHIVE.xattr.' + to_bytes(rest), base64.b64encode(to_bytes(value)).rstrip(b'='))
        elif kind == 'pax':
            records += record(to_bytes(rest), to_bytes(value))
    return records


def padded(content):
    return content + b'\0' * (-len(content) % BLOCK)


def write_zeros(file, count):
    chunk = b'\0' * (1 << 20)
    for _ in range(count >> 20):
        file.write(chunk)
    file.write(chunk[:count & ((1 << 20) - 1)])
    file.write(b'\0' * (-count % BLOCK))


def write_entry(file, kind, name, words):
    name = to_bytes(name)
    content = to_bytes(words.get('content', ''))
    if 'repeat' in words:
        count, _, text = words['repeat'].partition('*')
        content = to_bytes(text) * int(count)
    records = pax_records(name, words)
    if records:
        file.write(header(b'PaxHeaders/x', b'x', len(records), {}) + padded(records))
    size = int(words.get('size', words.get('zeros', len(content))))
    file.write(header(name, TYPES.get(kind, kind).encode(), size, words))
    if 'zeros' in words:
        write_zeros(file, int(words['zeros']))
    else:
        file.write(padded(content))


def words_of(line):
    """The words of a line: quotes as in a shell, and a backslash stands for itself."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.escape = ''
    return list(lexer)


def write_archive(path, lines):
    """Writes the entries that the lines describe."""
    with open(path, 'wb') as file:
        for line in lines:
            kind, *rest = words_of(line) or ['']
            if kind == 'end':
                file.write(b'\0' * (2 * BLOCK))
            elif kind == 'cut':
                file.truncate(file.tell() - int(rest[0]))
                return
            elif kind:
                write_entry(file, kind, rest[0], dict(word.split('=', 1) for word in rest[1:]))
        file.write(b'\0' * (2 * BLOCK))


if __name__ == '__main__':
    write_archive(sys.argv[1], sys.stdin)
