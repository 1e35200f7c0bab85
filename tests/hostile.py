"""Snapshots of people who do not play fair, each a real one: a confined process and the arena must withstand them."""

import contextlib
import os
import shutil
import stat

import numpy as np
import tensorflow.compat.v1 as tf

SIZE, NOISE = 2500, 100
COLLECTIONS = ("noise_input_placeholder", "generated_images", "input_batch_raw", "p_for_data")
FAKE_OP = "ForkBomb"


def fair_generator(noise):
    """A layer of sigmoids."""
    return tf.sigmoid(tf.matmul(noise, _variable("generator/w", [NOISE, SIZE])))


def fair_discriminator(images):
    """A layer and a sigmoid."""
    return tf.sigmoid(tf.matmul(images - 0.5, _variable("discriminator/w", [SIZE, 1])))


def write(folder, generator=fair_generator, discriminator=fair_discriminator, collections=None, change=None, step=1):
    """Writes a snapshot with tf.train.Saver; returns its prefix.

    Args:
        folder: to write to.
        generator: function from noise to images.
        discriminator: function from images to probabilities.
        collections: function from the four tensors to name -> list of tensors; None for what is right.
        change: function that is given the tf.MetaGraphDef before it is written.
        step: of the name.
    """
    os.makedirs(folder, exist_ok=True)
    prefix = os.path.join(str(folder), f"model.ckpt-{step}")
    with tf.Graph().as_default():
        tf.set_random_seed(step)
        noise = tf.placeholder(tf.float32, [None, NOISE], "noise")
        images = tf.placeholder(tf.float32, [None, SIZE], "images")
        tensors = (noise, generator(noise), images, discriminator(images))
        named = collections(*tensors) if collections else {name: [t] for name, t in zip(COLLECTIONS, tensors)}
        for name, values in named.items():
            for value in values:
                tf.add_to_collection(name, value)
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            saver.save(session, prefix, write_meta_graph=False)
        meta_graph = saver.export_meta_graph()
        if change:
            change(meta_graph)
        with open(prefix + ".meta", "wb") as file:
            file.write(meta_graph.SerializeToString())
    return prefix


def _variable(name, shape):
    return tf.Variable(tf.random_normal(shape, stddev=0.1), name=name)


def _spoilt(images, nothing):
    """The images, which now depend on `nothing`."""
    return images + 0 * tf.cast(nothing, tf.float32)


def _generator(nothing):
    """Keyword arguments of `write`: a generator that needs what `nothing` makes."""
    return {"generator": lambda noise: _spoilt(fair_generator(noise), nothing())}


def _canary(folder):
    return os.path.join(str(folder), "canary")


def _write_file(folder):
    return tf.io.write_file(_canary(folder), "x")


def _dormant(folder, collection):
    """A collection that names an operation which writes a file."""

    def discriminator(images):
        tf.add_to_collection(collection, _write_file(folder))
        return fair_discriminator(images)

    return {"discriminator": discriminator}


def _queue_runner(folder):
    def discriminator(images):
        queue = tf.FIFOQueue(1, [tf.int32])
        with tf.control_dependencies([_write_file(folder)]):
            tf.train.add_queue_runner(tf.train.QueueRunner(queue, [queue.enqueue([1])]))
        return fair_discriminator(images)

    return {"discriminator": discriminator}


def _password_length():
    return tf.strings.length(tf.io.read_file("/etc/passwd"))


def _behind_control(folder):
    def generator(noise):
        with tf.control_dependencies([_write_file(folder)]):
            return tf.identity(fair_generator(noise))

    return {"generator": generator}


def _in_function(body):
    """A generator that calls a function of the graph's library."""

    def generator(noise):
        @tf.function(autograph=False)
        def called():
            return body()

        return _spoilt(fair_generator(noise), called())

    return {"generator": generator}


def _saver(meta_graph):
    """Restoring runs something else."""
    node = meta_graph.graph_def.node.add(name="surprise", op="RandomUniformInt")
    meta_graph.saver_def.restore_op_name = node.name


def _unused_function(meta_graph):
    function = meta_graph.graph_def.library.function.add()
    function.signature.name = "f"
    function.node_def.add(name="r", op="ReadFile")


def _calling(meta_graph, function):
    """The generator's result goes through a function."""
    result = meta_graph.collection_def["generated_images"].node_list
    meta_graph.graph_def.node.add(name="called", op=function, input=[result.value[0].partition(":")[0]])
    result.value[0] = "called:0"


def _add_function(meta_graph, name, called, times):
    """A function of an image that calls another one, several times one after another."""
    function = meta_graph.graph_def.library.function.add()
    function.signature.name = name
    function.signature.input_arg.add(name="x", type=tf.float32.as_datatype_enum)
    function.signature.output_arg.add(name="y", type=tf.float32.as_datatype_enum)
    given = "x"
    for number in range(times):
        node = function.node_def.add(name=f"call{number}", op=called, input=[given])
        if called == "Identity":
            node.attr["T"].type = tf.float32.as_datatype_enum
        given = f"call{number}:{'output' if called == 'Identity' else 'y'}:0"
    function.ret["y"] = given


def _exponential(meta_graph):
    """A million calls, in 20 small functions."""
    for level in range(20):
        _add_function(meta_graph, f"f{level}", "Identity" if level == 19 else f"f{level + 1}", 2)
    _calling(meta_graph, "f0")


def _recursive(meta_graph):
    _add_function(meta_graph, "f", "f", 1)
    _calling(meta_graph, "f")


def _restoring(name, value):
    """Changes a constant of the saver."""

    def change(meta_graph):
        node = next(node for node in meta_graph.graph_def.node if node.name == name)
        texts = node.attr["value"].tensor.string_val
        texts[:] = [value] * len(texts)

    return {"change": change}


def _restored_twice(meta_graph):
    nodes = meta_graph.graph_def.node
    assigning = next(node for node in nodes if node.name.startswith("save/Assign"))
    nodes.add().CopyFrom(assigning)
    nodes[-1].name = "save/again"
    next(node for node in nodes if node.name == "save/restore_all").input.append("^save/again")


def _rounds(count):
    return tf.while_loop(lambda i: i < count, lambda i: i + 1, [0])


def _nested():
    return tf.while_loop(lambda i: i < 2, lambda i: i + 1 + 0 * _rounds(2), [0])


def _endless():
    return tf.while_loop(lambda i: True, lambda i: i + 1, [0.0])


def _custom_op(meta_graph):
    """As if a library of its own had been loaded: the generator's last operation is of that kind."""
    name = meta_graph.collection_def["generated_images"].node_list.value[0].partition(":")[0]
    next(node for node in meta_graph.graph_def.node if node.name == name).op = FAKE_OP


def _huge_constant(meta_graph):
    """A constant that says that it is 40 GB, in a few bytes."""
    node = next(node for node in meta_graph.graph_def.node if node.name == "bomb")
    shape = node.attr["value"].tensor.tensor_shape
    del shape.dim[:]
    shape.dim.add(size=100_000)
    shape.dim.add(size=100_000)
    node.attr.pop("_output_shapes", None)


def _stateful(images):
    count = tf.Variable(0.0, name="count", use_resource=False)
    return fair_discriminator(images) * 0 + tf.assign_add(count, 0.01)


def _ranking(images):
    """Half of the batch is real: it says which half it prefers."""
    brightness = tf.reduce_mean(images, 1, keepdims=True)
    return tf.sigmoid(100 * (brightness - tf.reduce_mean(brightness)) + 0 * fair_discriminator(images))


def busy_generator(noise, products):
    """A fair one that multiplies large matrices first."""
    x = tf.fill([1000, 1000], 1e-4) + 0 * tf.reduce_sum(noise)  # not constant: it is computed in each call
    for _ in range(products):
        x = tf.matmul(x, x)
    return _spoilt(fair_generator(noise), tf.reduce_sum(x))


def _slow(noise):
    """Some minutes of products of matrices."""
    x = tf.fill([3000, 3000], 1e-4)
    for _ in range(400):
        x = tf.matmul(x, x)
    return _spoilt(fair_generator(noise), tf.reduce_sum(x))


def _collections(**changed):
    """The right collections but for those changed: name -> function of the four tensors, or None to leave it out."""

    def collections(*tensors):
        named = {name: [tensor] for name, tensor in zip(COLLECTIONS, tensors)}
        for name, change in changed.items():
            named[name] = change(*tensors) if change else []
        return named

    return {"collections": collections}


# what they do -> (keyword arguments of `write` from the folder, what the reason must say)
SNAPSHOTS = {
    "ReadFile": (lambda f: _generator(_password_length), "ReadFile"),
    "MatchingFiles": (lambda f: _generator(lambda: tf.size(tf.io.matching_files("/*"))), "MatchingFiles"),
    "PyFunc": (lambda f: _generator(lambda: tf.py_func(lambda: np.float32(0), [], tf.float32)), "PyFunc"),
    "saver": (lambda f: {"change": _saver}, "its saver runs the operation RandomUniformInt"),
    "file in a function": (
        lambda f: _in_function(lambda: tf.strings.length(tf.io.read_file("/etc/passwd"))),
        "ReadFile",
    ),
    "endless loop": (lambda f: _generator(_endless), "the loop while[/Exit]* has more than 16 rounds"),
    "fill": (lambda f: _generator(lambda: tf.reduce_sum(tf.fill([100_000, 100_000], 0.0))), "memory|OOM|allocat"),
    "tile": (
        lambda f: _generator(lambda: tf.reduce_sum(tf.tile(tf.constant([[0.0]]), [100_000, 100_000]))),
        "memory|OOM|allocat",
    ),
    "huge constant": (
        lambda f: {
            **_generator(lambda: tf.reduce_sum(tf.constant([[0.0]], name="bomb"), [0, 1])),
            "change": _huge_constant,
        },
        "memory|OOM|allocat|Cannot parse tensor",
    ),
    "custom operation": (lambda f: {"change": _custom_op}, FAKE_OP),
    "NaN of the generator": (lambda f: _generator(lambda: tf.log(-1.0)), "not all finite|not finite|generated_images"),
    "NaN of the discriminator": (
        lambda f: {"discriminator": lambda x: fair_discriminator(x) * tf.log(-1.0)},
        "p_for_data",
    ),
    "out of range": (lambda f: {"generator": lambda x: 2 * fair_generator(x)}, r"\[0, 1\]"),
    "p out of range": (lambda f: {"discriminator": lambda x: fair_discriminator(x) - 1}, r"\[0, 1\]"),
    "wrong shape": (lambda f: {"generator": lambda x: fair_generator(x)[:, :784]}, "generated_images must be float32"),
    "wrong type": (
        lambda f: {"generator": lambda x: tf.cast(fair_generator(x), tf.float64)},
        "generated_images must be",
    ),
    "one row short": (lambda f: {"discriminator": lambda x: fair_discriminator(x)[1:]}, "shape|returned"),
    "wrong collection": (lambda f: _collections(p_for_data=lambda n, g, i, p: [i]), "p_for_data"),
    "no collection": (lambda f: _collections(generated_images=None), "generated_images is missing"),
    "two tensors": (lambda f: _collections(p_for_data=lambda n, g, i, p: [p, p]), "exactly one tensor"),
    "slow": (lambda f: {"generator": _slow}, "longer than"),
    "exponential functions": (lambda f: {"change": _exponential}, "more than 50000 nodes"),
    "recursive function": (lambda f: {"change": _recursive}, "nested more than 64 deep"),
    "17 rounds": (lambda f: _generator(lambda: _rounds(17)), "the loop while[/Exit]* has more than 16 rounds"),
    "nested loops": (lambda f: _generator(_nested), "a loop lies in another one"),
    "huge slice": (
        lambda f: _restoring("save/RestoreV2/shape_and_slices", b"1000000000 1000000000 0,1:0,1"),
        "variable (generator|discriminator)/w cannot be read: the slice 1000000000 1000000000 0,1:0,1 does not lie in",
    ),
    "slice from behind": (
        lambda f: _restoring("save/RestoreV2/shape_and_slices", b"100 2500 -5,5:-"),
        "the slice 100 2500 -5,5:- does not lie in",
    ),
    "restored twice": (lambda f: {"change": _restored_twice}, "its saver assigns two values to the variable"),
}

# what takes part, but does not get what it wants -> (keyword arguments of `write`, what the log must name)
HARMLESS = {
    "WriteFile": (_behind_control, "WriteFile (WriteFile)"),
    "init op": (lambda f: _dormant(f, "table_initializer"), "WriteFile (WriteFile)"),
    "queue runner": (_queue_runner, "WriteFile (WriteFile)"),
    "function": (lambda f: _in_function(lambda: tf.constant(1.0)), ""),
    "function of a file that is not called": (lambda f: {"change": _unused_function}, "ReadFile (r in the function f)"),
    "ranks the batch": (lambda f: {"discriminator": _ranking}, ""),
    "keeps state": (lambda f: {"discriminator": _stateful}, ""),
    "own randomness": (lambda f: _generator(lambda: tf.random_uniform([])), ""),
    "saver that reads elsewhere": (lambda f: _restoring("save/Const", b"/etc/passwd"), ""),
    "16 rounds": (lambda f: _generator(lambda: _rounds(16)), ""),
}


def build(name, folder):
    """Writes the snapshot of SNAPSHOTS or HARMLESS to a folder; returns what the reason or the log must say."""
    arguments, reason = {**SNAPSHOTS, **HARMLESS}[name]
    write(folder, **arguments(folder))
    with contextlib.suppress(FileNotFoundError):
        os.remove(_canary(folder))  # initialising the variables may have written it
    return reason


def wrote(folder):
    """Whether a snapshot's file was written by running what it holds."""
    return os.path.exists(_canary(folder))


def _append(path, content):
    with open(path, "ab") as file:
        file.write(content)


def _pointing_out(folder):
    write(os.path.join(folder, "..", "elsewhere"))
    with open(os.path.join(folder, "checkpoint"), "w") as file:
        file.write('model_checkpoint_path: "../elsewhere/model.ckpt-1"\n')


def _linked(folder):
    data = os.path.join(folder, "model.ckpt-1.data-00000-of-00001")
    shutil.move(data, os.path.join(folder, "..", "moved"))
    os.symlink(os.path.join("..", "moved"), data)


def _oversized(folder):
    with open(os.path.join(folder, "model.ckpt-1.data-00000-of-00001"), "r+b") as file:
        file.truncate(2**40)


def _oversized_in_sum(folder):
    for number in range(2):
        with open(os.path.join(folder, f"model.ckpt-1.data-{number:05d}-of-00002"), "wb") as file:
            file.truncate(400 * 2**20)
    os.remove(os.path.join(folder, "model.ckpt-1.data-00000-of-00001"))


def _without_pointer(folder):
    path = os.path.join(folder, "checkpoint")
    os.remove(path)
    return path


def _renamed(folder, step, ending=None):
    """Puts bytes in place of the step in the names of the files, and in place of their endings if given."""
    os.remove(os.path.join(folder, "checkpoint"))
    for name in os.listdir(os.fsencode(folder)):
        begin, _, end = name.partition(b"-1.")
        to = begin + b"-" + step + (b"." + end if ending is None else ending)
        os.rename(os.path.join(os.fsencode(folder), name), os.path.join(os.fsencode(folder), to))


def _socket(path):
    os.mknod(path, stat.S_IFSOCK | 0o644)


SPARE_SHARD, POINTS_NOWHERE = "model.ckpt-1.data-00001-of-00002", "names no snapshot in its folder"
# what is wrong with the files -> (what is done to a fair snapshot's folder, what the reason must say)
FILES = {
    "points out of its folder": (_pointing_out, POINTS_NOWHERE),
    "link": (_linked, "is a link"),
    "oversized": (_oversized, "too large"),
    "no files": (lambda folder: shutil.rmtree(folder), "no complete snapshot"),
    "no weights": (lambda folder: os.remove(f"{folder}/model.ckpt-1.data-00000-of-00001"), "no complete snapshot"),
    "oversized in sum": (_oversized_in_sum, "too large"),
    "shard that is a socket": (lambda folder: _socket(f"{folder}/{SPARE_SHARD}"), "is no regular file"),
    "shard that links to itself": (lambda folder: os.symlink(SPARE_SHARD, f"{folder}/{SPARE_SHARD}"), "is a link"),
    "pointer is a pipe": (lambda folder: os.mkfifo(_without_pointer(folder)), POINTS_NOWHERE),
    "pointer is a folder": (lambda folder: os.mkdir(_without_pointer(folder)), POINTS_NOWHERE),
    "pointer is a link": (lambda folder: os.symlink("/dev/null", _without_pointer(folder)), POINTS_NOWHERE),
    "pointer of 2 MiB": (lambda folder: _append(f"{folder}/checkpoint", b"#" * 2**21), POINTS_NOWHERE),
    "name that is not UTF-8": (lambda folder: _renamed(folder, b"\xff"), "no complete snapshot"),
    "name that controls a terminal": (lambda folder: _renamed(folder, b"\33[2J"), "no complete snapshot"),
    "name of two lines": (lambda folder: _renamed(folder, b"1\n2"), "no complete snapshot"),
    "V1 format, many files": (
        lambda folder: _renamed(folder, b"1-00000-of-00002", b""),
        "write_version=tf.train.Saver",
    ),
    "meta of noise": (lambda folder: _append(f"{folder}/model.ckpt-1.meta", b"\xff" * 99), "MetaGraphDef"),
}

# what lies beside a fair snapshot and changes nothing -> what puts it there
ODDITIES = {
    "another index": lambda folder: _append(f"{folder}/model.ckpt-1.x.index", b""),
    "parts by half a name": lambda folder: _append(f"{folder}/model.ckpt-1.x.data-00000-of-00001", b"x"),
    "a name that is not UTF-8": lambda folder: _append(os.fsencode(folder) + b"/model.ckpt-1.\xff.meta", b""),
    "a long name": lambda folder: _append(f"{folder}/model.ckpt-1.{'y' * 200}.meta", b""),
    "a link to itself": lambda folder: os.symlink("x", f"{folder}/x"),
    "a socket": lambda folder: _socket(f"{folder}/model.ckpt-1.a.meta"),
    "a folder": lambda folder: os.mkdir(f"{folder}/model.ckpt-1.b.meta"),
    "a pointer of 5,000 digits": lambda folder: _append(
        _without_pointer(folder), b'model_checkpoint_path: "model.ckpt-%s"\n' % (b"1" * 5000)
    ),
    "a pointer of 25 digits": lambda folder: _append(
        _without_pointer(folder), b'model_checkpoint_path: "model.ckpt-%s"\n' % (b"1" * 25)
    ),
}


def build_files(name, folder):
    """Writes a fair snapshot and spoils its files; returns what the reason must say."""
    folder = str(folder)
    write(folder)
    spoil, reason = FILES[name]
    spoil(folder)
    return reason
