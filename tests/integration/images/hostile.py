# SPDX-License-Identifier: Apache-2.0
"""Writes a layer as an attacker would: each tries to reach, or to change, something outside of its directory, or to exhaust the reader.

usage: hostile.py NAME FILE.tar [CANARY-DIRECTORY]
       hostile.py layout DIR BASE.tar CANARY-DIRECTORY     an OCI layout with an image for each: BASE, and the hostile layer over it
"list" as the NAME prints all names of single layers, "pairs" those of pairs.  A pair consists of the layers NAME-1 and NAME-2; the second one uses what the first one has laid.  The canary directory is an absolute
path on the host with a file named "file", which no layer may read or change.
Alone:  python3 hostile.py dotdot layer.tar; tar -tvf layer.tar
"""
import os
import sys

import entries
import maker

MARK = 'content=urun-was-here'
UP = '../' * 20

# {C} is the canary directory.
LAYERS = {
    'dotdot': ['file ../canary/file ' + MARK, 'file ../../canary/file ' + MARK, f'file {UP}tmp/urun-was-here ' + MARK, f'file a/../{UP}{{C}}/file ' + MARK],
    'absolute': ['file /urun-was-here ' + MARK, 'file {C}/file ' + MARK, 'file //tmp/urun-was-here ' + MARK, 'dir {C}/made'],
    'link-absolute': ['symlink l link={C}', 'file l/file ' + MARK, 'dir l/made', 'symlink l/s link=x', 'fifo l/fifo'],
    'link-up': [f'symlink l link={UP}', 'file l/tmp/urun-was-here ' + MARK, 'file l{C}/file ' + MARK],
    'link-chain': ['symlink a link=b', 'symlink b link=c/d', 'dir c', 'symlink c/d link=../../../..', 'file a/canary/file ' + MARK, 'file a{C}/file ' + MARK],
    'link-loop': ['symlink a link=b', 'symlink b link=a', 'file a/x ' + MARK],
    'link-proc': ['symlink l link=/proc/self/cwd', 'file l/x ' + MARK, 'symlink m link=/proc/self/fd/3', 'file m/../file ' + MARK],
    'link-then-file': ['symlink x link={C}/file', 'file x ' + MARK, 'symlink d link={C}', 'dir d mode=777', 'symlink e link={C}', 'file e mode=777 uid=7'],
    'link-then-attributes': ['symlink x link={C}/file mode=777 uid=7 gid=7 xattr.user.evil=1 mtime=1', 'symlink d link={C}', 'dir d mode=000 xattr.user.evil=1'],
    'hard-up': [f'hardlink x link=../../../canary/file', 'file x ' + MARK, 'hardlink y link={C}/file mode=777', f'hardlink z link={UP}{{C}}/file'],
    'hard-through-link': ['symlink l link={C}', 'hardlink h link=l/file mode=777', 'file h ' + MARK],
    'hard-of-link': ['symlink s link={C}/file', 'hardlink h link=s mode=777 uid=7', 'file h ' + MARK],
    'hard-with-content': ['symlink s link={C}/file', 'hardlink h link=s ' + MARK],
    'hard-to-itself': ['hardlink h link=h', 'dir d', 'hardlink d/e link=d', 'hardlink f link=.', 'hardlink . link=x', 'hardlink g link='],
    'whiteout-of-root': ['dir a', 'file .wh.. ', 'file .wh... ', 'file .wh.', 'file a/.wh..', 'file a/.wh...', 'file .wh..wh..opq', 'file a/.wh.'],
    'whiteout-through-link': ['symlink l link={C}', 'file l/.wh.file', 'file l/.wh..wh..opq', f'symlink m link={UP}', 'file m{C}/.wh.file'],
    'whiteout-up': ['file ../canary/.wh.file', 'file {C}/.wh.file', f'file {UP}{{C}}/.wh..wh..opq'],
    'whiteout-of-whiteout': ['file .wh..wh.x', 'file .wh..wh..wh..opq', 'dir .wh..wh.plnk', 'file .wh..wh.plnk/1', 'dir .wh.d', 'file .wh.d/x', 'symlink .wh.s link={C}'],
    'nul': ['file a\\x00b ' + MARK, 'file ..\\x00/x ' + MARK, 'symlink s\\x00t link={C}\\x00x', 'file \\x00 ' + MARK],
    'long-name': ['file {5000*x} ' + MARK, 'file {256*y} ' + MARK],
    'long-path': ['file {50*%s/}x ' % ('y' * 100) + MARK],
    'long-link': ['symlink s link={5000*x}', 'hardlink h link={5000*x}'],
    'terminal': ['file \\x1b]0;evil\\x07\\x0aurun:\\x20done ' + MARK, 'file ' + '\\xff\\xfe{300*e} ' + MARK],
    'replaced': ['dir d', 'file d/x content=1', 'file d content=2', 'dir d', 'file d/y content=3', 'symlink d link={C}', 'file d/file ' + MARK, 'dir d', 'file d/z content=4'],
    'below-a-file': ['file a content=1', 'file a/b ' + MARK, 'fifo f', 'file f/x ' + MARK, 'symlink n link=not-found', 'file n/x ' + MARK],
    'deep': ['file {10000*d/}x ' + MARK],
    'root-is-file': ['file . ' + MARK, 'dir etc'],
    'root-is-link': ['symlink . link={C}', 'file file ' + MARK, 'symlink ./ link={C}', 'symlink / link={C}'],
    'root-is-whiteout': ['dir .', 'char . major=0 minor=0', 'fifo .', 'file "" ' + MARK, 'file / ' + MARK],
    'device': ['char null major=1 minor=3', 'block sda major=8 minor=0', 'char etc major=0 minor=0', 'char mem major=1 minor=1 mode=666', 'char neg major=4294967295 minor=7'],
    'socket': ['s sock', 'fifo fifo', '7 contiguous content=x', 'Z strange content=x', 'g globals content=x', 'D dumped', 'V volume', 'M multi content=x', 'N names content=x'],
    'attributes': ['dir d xattr.user.overlay.opaque=y xattr.trusted.overlay.opaque=y lxattr.user.overlay.redirect={C} xattr.user.fuseoverlayfs.opaque=y',
                   'file f xattr.user.overlay.metacopy= xattr.user.overlay.redirect={C}/file xattr.security.selinux=evil xattr.user.overlay.overlay.opaque=y',
                   'file g xattr.security.capability=abc xattr.security.ima=x xattr.system.posix_acl_access=x xattr.user.containers.override_stat=0:0:0755',
                   'file h xattr.user.overlay.whiteout=y zeros=0', 'file i xattr.user.{300*n}=v xattr.user.v={70000*v} xattr.=x xattr.nodots=x pax.SCHILY.xattr.user.n\\x00l=x'],
    'owners': ['file a uid=4294967295 gid=4294967295', 'file b uid=4294967296 gid=18446744073709551615', 'file c pax.uid=-1 pax.gid=-5', 'file d uid=2000000000 mode=6755'],
    'times': ['file a pax.mtime=-1', 'file b pax.mtime=1e30', 'file c pax.mtime=nan', 'file d pax.mtime=99999999999999999999.9', 'file e pax.mtime=1.99999999999999999999'],
    'sizes': ['file a pax.size=9223372036854775807', 'file b ' + MARK],
    'size-negative': ['file a pax.size=-1', 'file b ' + MARK],
    'size-header': ['file a size=8589934591', 'file b ' + MARK],
    'sparse': ['file a pax.GNU.sparse.major=1 pax.GNU.sparse.minor=0 pax.GNU.sparse.name=x pax.GNU.sparse.realsize=9223372036854775807 content=1\\x0a9223372036854775000\\x0a100\\x0a'],
    'sparse-old': ['file a pax.GNU.sparse.size=1152921504606846976 pax.GNU.sparse.numblocks=1 pax.GNU.sparse.map=1152921504606846000,5 content=hello'],
    'sparse-name': ['file a pax.GNU.sparse.major=1 pax.GNU.sparse.minor=0 pax.GNU.sparse.name=../../canary/file pax.GNU.sparse.realsize=5 content=1\\x0a0\\x0a5\\x0ahello'],
    'pax-path': ['file a pax.path=../../canary/file ' + MARK, 'file b pax.path={C}/file ' + MARK, 'symlink c pax.linkpath={C} link=x', 'file c/file ' + MARK],
    'pax-huge': ['x x size=8589934591'],
    'pax-long': ['file a pax.comment={3000000*c} ' + MARK],
    'gnu-long': ['L ././@LongLink size=8589934591'],
    'pax-broken': ['x PaxHeaders/a content=99999999999999999999\\x20path=x\\x0a', 'file a content=1'],
    'pax-short': ['x PaxHeaders/a content=5\\x20path=longer\\x0a', 'file a content=1'],
    'pax-charset': ['file a\\xe9 pax.hdrcharset=BINARY pax.path=\\xe9\\xff/../../../canary/file ' + MARK],
    'names-odd': ['file ./././a content=1', 'file b//c content=1', 'file d/./e content=1', 'dir f/', 'file ... content=1', 'file "h\\x0ai" content=1'],
    'slash-of-file': ['file g/ content=1', 'symlink h/ link={C}', 'file h/file ' + MARK],
    'cut-short': ['file a zeros=100000', 'cut 50000'],
    'cut-header': ['file a content=1', 'dir b', 'cut 300'],
    'after-the-end': ['file a content=1', 'end', 'file ../../canary/file ' + MARK, 'file b content=2'],
    'mode-0': ['dir . mode=0', 'dir d mode=0', 'dir d/e mode=0', 'file d/e/f mode=0 content=x', 'dir r mode=555', 'file r/x mode=444 content=1', 'file r/x content=2'],
    'duplicates': ['file a content=1', 'file a content=2', 'hardlink b link=a', 'file a content=3', 'dir a', 'symlink a link=b', 'fifo a', 'file a content=4'],
    'special-names': ['dir work', 'dir upper', 'file meta.json content={}', 'dir root', 'file lock', 'file etc/mtab content=x', 'symlink proc link={C}', 'symlink dev link={C}', 'symlink sys link=/',
                      'symlink etc/resolv.conf link={C}/file', 'symlink etc/hosts link={C}/file', 'symlink etc/passwd link={C}/file'],
}

PAIRS = {
    'link-below': [['symlink l link={C}'], ['file l/file ' + MARK, 'file l/.wh.other', 'dir l/made']],
    'link-below-up': [[f'symlink l link={UP}'], ['file l{C}/file ' + MARK, 'file l/tmp/urun-was-here ' + MARK]],
    'hard-below-link': [['symlink l link={C}', 'symlink s link={C}/file'], ['hardlink h link=l/file', 'hardlink t link=s', 'file u/x']],
    'hard-of-whiteout': [['file a content=1', 'char c major=1 minor=3'], ['file .wh.a', 'hardlink h link=a', 'hardlink d link=c', 'hardlink e link=.wh.a']],
    'hard-below-up': [['file a content=1'], ['hardlink h link=../../../../canary/file', 'hardlink i link={C}/file', f'hardlink j link={UP}{{C}}/file']],
    'implied-of-file': [['file d content=1', 'fifo p', 'symlink l link=.'], ['file d/x content=2', 'file p/x content=2', 'file l/l/l/x content=3']],
    'attributes-below': [['dir d mode=1777 uid=5 xattr.user.overlay.opaque=y', 'file d/a content=1'], ['file d/b content=2', 'hardlink c link=d/a']],
    'whiteout-below-link': [['symlink l link={C}'], ['file l/.wh.file', 'file l/.wh..wh..opq']],
}


def garbage(path, name):
    """What isn't a tar file, but some reader of archives may take."""
    texts = {'mtree': b'#mtree\n./stolen type=file contents=/etc/passwd\n./x type=link link=/etc\n', 'text': b'this is no archive\n' * 100, 'nothing': b'',
             'zip': b'PK\3\4\x14\0\0\0\0\0\0\0\0\0' + b'\x86\xa6\x106\5\0\0\0\5\0\0\0\1\0\0\0ahello', 'cpio': b'070701' + b'0' * 104 + b'x\0', 'lrzip': b'LRZI\0\6' + b'\0' * 1000,
             'uuencode': b'begin 644 x\n#0V%T\n`\nend\n', 'random': bytes(number * 7919 % 251 for number in range(100000)), 'xz': b'\xfd7zXZ\0\0\4' + b'\0' * 1000}
    with open(path, 'wb') as file:
        file.write(texts[name])


GARBAGE = ['mtree', 'text', 'zip', 'cpio', 'lrzip', 'uuencode', 'random', 'xz']


def write(name, path, canary):
    if name in GARBAGE:
        return garbage(path, name)
    lines = LAYERS.get(name)
    if lines is None:
        pair, _, number = name.rpartition('-')
        lines = PAIRS[pair][int(number) - 1]
    return entries.write_archive(path, [line.replace('{C}', canary) for line in lines])


def write_layout(path, base, canary):
    """Makes the images, whose tags are the names of the layers and of the pairs."""
    layout = maker.Layout(path)
    for name in list(LAYERS) + GARBAGE + list(PAIRS):
        layers = [name + '-1', name + '-2'] if name in PAIRS else [name]
        files = []
        for layer in layers:
            files.append(os.path.join(path, layer + '.tar'))
            write(layer, files[-1], canary)
        maker.add_image(layout, name, maker.parse(['oci', path, base] + files))
        for file in files:
            os.unlink(file)


def main():
    if sys.argv[1] == 'list':
        print('\n'.join(list(LAYERS) + GARBAGE))
    elif sys.argv[1] == 'pairs':
        print('\n'.join(PAIRS))
    elif sys.argv[1] == 'layout':
        write_layout(*sys.argv[2:])
    else:
        write(sys.argv[1], sys.argv[2], os.path.abspath(sys.argv[3] if len(sys.argv) > 3 else '/nonexistent'))


main()
