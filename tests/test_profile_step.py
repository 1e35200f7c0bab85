"""The benchmark profiles a recipe's steps, and adds up what its table leaves out."""

from conftest import synthetic_images

from benchmarks import profile_step
from gan.data import tfrecords


def test_the_table_has_the_longest_and_the_rest():
    lines = profile_step.table({"Mul": 500.0, "MatMul": 4000.0, "Add": 500.0}, {"Mul": 4, "MatMul": 2, "Add": 6}, 2, 1)
    assert [line.split() for line in lines.splitlines()[1:]] == [
        ["MatMul", "80.0%", "2.00", "1.0"],
        ["2", "other", "kinds", "20.0%", "0.50", "5.0"],
    ]


def test_a_recipe_that_is_wrong_is_told(tmp_path, fails):
    faces, recipe = tmp_path / "faces.tfrecords", tmp_path / "wrong.flags"
    tfrecords.write(str(faces), synthetic_images(32, 2500))
    flags = [f"--train_data_pattern={faces}", f"--recipe={recipe}"]
    assert "wrong.flags" in fails(profile_step.main, *flags)
    recipe.write_text("--batch_sise=8\n")
    assert "batch_sise" in fails(profile_step.main, *flags)
    recipe.write_text("--generator_model=Missing\n")
    assert "--generator_model=Missing" in fails(profile_step.main, *flags)


def test_it_profiles_a_recipe(tmp_path, capsys):
    """The sample networks' step has products of matrices and Adam, and no convolution."""
    faces, recipe = tmp_path / "faces.tfrecords", tmp_path / "quick.flags"
    tfrecords.write(str(faces), synthetic_images(32, 2500))
    recipe.write_text("--batch_size=8\n")
    flags = [f"--train_data_pattern={faces}", f"--recipe={recipe}", "--steps=2", "--kinds=200"]
    assert profile_step.main(["profile", *flags]) == 0
    told = capsys.readouterr().out
    assert "MatMul" in told and "ApplyAdam" in told and "Conv2D" not in told
