# SPDX-License-Identifier: Apache-2.0
"""Makes images of given layers, right ones and wrong ones, without the programs under test and without a registry.

usage: maker.py oci DIR[:TAG] [OPTION…] LAYER.tar…             an OCI layout, or one more image in it
       maker.py docker-archive FILE REFERENCE [OPTION…] LAYER.tar…
    --docker            docker's schema 2 in the place of OCI's media types
    --compress HOW      gzip (default), zstd, none
    --config JSON       the config's member "config"
    --platform OS/ARCH[/VARIANT]
    --index             the platform's manifest goes into the index of the tag, beside those of other platforms
    --form 1.8|1.10|25  of a docker-archive: without manifest.json, with it (default), an OCI layout with it
    --wrong WHAT        what isn't as it should be: a key of WRONG below
Prints the manifest's digest.
"""
import argparse
import functools
import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import tarfile

OCI = {
    'index': 'application/vnd.oci.image.index.v1+json', 'manifest': 'application/vnd.oci.image.manifest.v1+json',
    'config': 'application/vnd.oci.image.config.v1+json', 'none': 'application/vnd.oci.image.layer.v1.tar',
    'gzip': 'application/vnd.oci.image.layer.v1.tar+gzip', 'zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
}
DOCKER = {
    'index': 'application/vnd.docker.distribution.manifest.list.v2+json', 'manifest': 'application/vnd.docker.distribution.manifest.v2+json',
    'config': 'application/vnd.docker.container.image.v1+json', 'none': 'application/vnd.docker.image.rootfs.diff.tar',
    'gzip': 'application/vnd.docker.image.rootfs.diff.tar.gzip', 'zstd': 'application/vnd.docker.image.rootfs.diff.tar.zstd',
}
ARCHITECTURES = {'x86_64': 'amd64', 'aarch64': 'arm64', 'armv7l': 'arm', 'i686': '386'}


def sha256(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def to_json(value):
    return json.dumps(value, separators=(',', ':')).encode()


@functools.lru_cache(maxsize=4)
def compressed(data, how):
    if how == 'gzip':
        return gzip.compress(data, 1, mtime=0)
    if how == 'zstd':
        return subprocess.run(['zstd', '-q', '-1', '-c'], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


class Layout:
    """An OCI layout that grows."""

    def __init__(self, path):
        self.path = path
        os.makedirs(os.path.join(path, 'blobs/sha256'), exist_ok=True)
        with open(os.path.join(path, 'oci-layout'), 'w') as file:
            file.write('{"imageLayoutVersion":"1.0.0"}')

    def blob_path(self, digest):
        return os.path.join(self.path, 'blobs', digest.replace(':', '/'))

    def add(self, data, media_type, **more):
        """Adds a blob; returns its descriptor."""
        digest = sha256(data)
        with open(self.blob_path(digest), 'wb') as file:
            file.write(data)
        return {'mediaType': media_type, 'digest': digest, 'size': len(data), **more}

    def read(self, descriptor):
        with open(self.blob_path(descriptor['digest']), 'rb') as file:
            return file.read()

    def index(self):
        try:
            with open(os.path.join(self.path, 'index.json')) as file:
                return json.load(file)
        except FileNotFoundError:
            return {'schemaVersion': 2, 'manifests': []}

    def name(self, descriptor, tag):
        """Gives the descriptor the tag, which another one may have had."""
        index = self.index()
        ref_name = 'org.opencontainers.image.ref.name'
        index['manifests'] = [other for other in index['manifests'] if other.get('annotations', {}).get(ref_name) != tag]
        if tag:
            descriptor = {**descriptor, 'annotations': {ref_name: tag}}
        index['manifests'].append(descriptor)
        with open(os.path.join(self.path, 'index.json'), 'wb') as file:
            file.write(to_json(index))

    def named(self, tag):
        for descriptor in self.index()['manifests']:
            if descriptor.get('annotations', {}).get('org.opencontainers.image.ref.name') == tag:
                return descriptor
        return None

    def overwrite(self, descriptor, change):
        """The blob's bytes are changed, and its name isn't."""
        data = change(self.read(descriptor))
        with open(self.blob_path(descriptor['digest']), 'wb') as file:
            file.write(data)


def flip(data):
    half = len(data) // 2
    return data[:half] + bytes([data[half] ^ 1]) + data[half + 1:]


# What may be wrong before the manifest is written: (config, layers' descriptors, manifest) are changed.
def last_layer(**changes):
    return lambda config, layers, manifest: layers[-1].update(changes)


def grow(count):
    return lambda config, layers, manifest: layers[-1].update(size=layers[-1]['size'] + count)


def diff_ids(change):
    return lambda config, layers, manifest: config['rootfs'].update(diff_ids=change(config['rootfs']['diff_ids']))


def member(**changes):
    return lambda config, layers, manifest: manifest.update(changes)


WRONG = {
    'size-more': grow(1), 'size-less': grow(-1), 'size-negative': last_layer(size=-1), 'size-huge': last_layer(size=1 << 62),
    'size-text': last_layer(size='12'), 'digest-other': last_layer(digest='sha256:' + '0' * 64), 'digest-short': last_layer(digest='sha256:00'),
    'digest-path': last_layer(digest='sha256:../../../../canary/file'), 'digest-slash': last_layer(digest='sha256:' + '../' * 21 + 'a'),
    'digest-sha512': last_layer(digest='sha512:' + '0' * 128), 'digest-upper': last_layer(digest='sha256:' + 'A' * 64),
    'digest-none': lambda config, layers, manifest: layers[-1].pop('digest'), 'media-type': last_layer(mediaType='application/x-unknown'),
    'diff-id': diff_ids(lambda ids: ids[:-1] + ['sha256:' + '1' * 64]), 'diff-ids-fewer': diff_ids(lambda ids: ids[:-1]),
    'diff-ids-more': diff_ids(lambda ids: ids + ['sha256:' + '2' * 64]), 'diff-id-path': diff_ids(lambda ids: ['sha256:../../../x'] * len(ids)),
    'schema-1': member(schemaVersion=1, mediaType='application/vnd.docker.distribution.manifest.v1+prettyjws'), 'layers-text': member(layers='none'),
    'no-config-member': lambda config, layers, manifest: manifest.pop('config'),
}
# What may be wrong afterwards: a blob's bytes are changed; None removes the file.
WRONG_BLOBS = {
    'layer-bytes': ('layer', flip), 'layer-short': ('layer', lambda data: data[:len(data) // 2]), 'layer-long': ('layer', lambda data: data + b'more'),
    'layer-empty': ('layer', lambda data: b''), 'config-bytes': ('config', lambda data: data.replace(b'layers', b'LAYERS')),
    'config-huge': ('config', lambda data: b' ' * (8 << 20) + data), 'manifest-bytes': ('manifest', lambda data: data + b' '),
    'manifest-no-json': ('manifest', lambda data: b'<html>' + data[6:]), 'no-layer': ('layer', None), 'no-config': ('config', None), 'no-manifest': ('manifest', None),
}


def image_config(words, tars):
    parts = words.platform.split('/')
    config = {'created': '2024-01-01T00:00:00Z', 'architecture': parts[1], 'os': parts[0], 'config': json.loads(words.config),
              'rootfs': {'type': 'layers', 'diff_ids': [sha256(tar) for tar in tars]}, 'history': [{'created_by': 'a test'} for _ in tars]}
    if len(parts) > 2:
        config['variant'] = parts[2]
    return config


def make_oci(words):
    path, _, tag = words.place.partition(':')
    descriptor = add_image(Layout(path), tag, words)
    print(descriptor['digest'])


def add_image(layout, tag, words):
    """Adds the image that the words of the command line describe; returns its descriptor."""
    types = DOCKER if words.docker else OCI
    tars = [open(layer, 'rb').read() for layer in words.layers]
    config = image_config(words, tars)
    layers = [layout.add(compressed(tar, words.compress), types[words.compress]) for tar in tars]
    truth = dict(layers[-1]) if layers else None
    manifest = {'schemaVersion': 2, 'mediaType': types['manifest']}
    parts = {'layers': layers}
    change = WRONG.get(words.wrong)
    if change and words.wrong != 'no-config-member':
        change(config, layers, manifest)
    parts['config'] = layout.add(to_json(config), types['config'])
    manifest = {**{'config': parts['config'], 'layers': layers}, **manifest}
    if words.wrong == 'no-config-member':
        change(config, layers, manifest)
    descriptor = layout.add(to_json(manifest), types['manifest'])
    if words.wrong in WRONG_BLOBS:
        which, change = WRONG_BLOBS[words.wrong]
        blob = {'layer': truth, 'config': parts['config'], 'manifest': descriptor}[which]
        if change:
            layout.overwrite(blob, change)
        else:
            os.unlink(layout.blob_path(blob['digest']))
    elif words.wrong and words.wrong not in WRONG:
        sys.exit('nothing is wrong with ' + words.wrong)
    if words.index:
        descriptor = into_index(layout, tag, descriptor, words.platform, types)
    layout.name(descriptor, tag)
    return descriptor


def into_index(layout, tag, descriptor, name, types):
    """Puts the manifest into the index that the tag names; returns the new index."""
    old = layout.named(tag)
    index = json.loads(layout.read(old)) if old else {'schemaVersion': 2, 'mediaType': types['index'], 'manifests': []}
    parts = name.split('/')
    place = {'os': parts[0], 'architecture': parts[1]}
    if len(parts) > 2:
        place['variant'] = parts[2]
    index['manifests'].append({**descriptor, 'platform': place})
    return layout.add(to_json(index), types['index'])


def add_to(archive, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def make_docker_archive(words):
    """What `docker save` of three ages writes."""
    tars = [open(layer, 'rb').read() for layer in words.layers]
    config = to_json(image_config(words, tars))
    digests = [sha256(tar)[7:] for tar in tars]
    ids = [hashlib.sha256((str(number) + digest).encode()).hexdigest() for number, digest in enumerate(digests)]
    config_name, names = sha256(config)[7:] + '.json', [name + '/layer.tar' for name in ids]
    if words.form == '25':
        config_name, names = 'blobs/sha256/' + sha256(config)[7:], ['blobs/sha256/' + digest for digest in digests]
    with tarfile.open(words.place, 'w', format=tarfile.USTAR_FORMAT) as archive:
        add_to(archive, config_name, config)
        for number, tar in enumerate(tars):
            add_to(archive, names[number], flip(tar) if words.wrong == 'layer-bytes' and number == len(tars) - 1 else tar)
            if words.form != '25':
                add_to(archive, ids[number] + '/VERSION', b'1.0')
                parent = {'parent': ids[number - 1]} if number else {}
                top = json.loads(config) if number == len(tars) - 1 else {}
                add_to(archive, ids[number] + '/json', to_json({'id': ids[number], **parent, **{key: top[key] for key in ('config', 'os', 'architecture') if key in top}}))
        name, _, tag = words.reference.rpartition(':')
        if words.form != '1.8':
            add_to(archive, 'manifest.json', to_json([{'Config': config_name, 'RepoTags': [words.reference], 'Layers': names}]))
        if words.form != '25':
            add_to(archive, 'repositories', to_json({name: {tag: ids[-1]}}))
    print(sha256(config))


def parse(arguments):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('command', choices=['oci', 'docker-archive'])
    parser.add_argument('place')
    parser.add_argument('layers', nargs='*')
    parser.add_argument('--docker', action='store_true')
    parser.add_argument('--index', action='store_true')
    parser.add_argument('--compress', default='gzip', choices=['gzip', 'zstd', 'none'])
    parser.add_argument('--config', default='{}')
    parser.add_argument('--form', default='1.10', choices=['1.8', '1.10', '25'])
    parser.add_argument('--platform', default='linux/' + ARCHITECTURES.get(platform.machine(), platform.machine()))
    parser.add_argument('--wrong', default='')
    return parser.parse_intermixed_args(arguments)


def main():
    words = parse(sys.argv[1:])
    if words.command == 'oci':
        make_oci(words)
    else:
        words.reference = words.layers.pop(0)
        make_docker_archive(words)


if __name__ == '__main__':
    main()
