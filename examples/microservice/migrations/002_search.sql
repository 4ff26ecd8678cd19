-- The words of the products, for ?q=. The index refers to the rows of products and does not copy their text.
CREATE VIRTUAL TABLE product_words USING fts4(content="products", name, description, tokenize=unicode61);

INSERT INTO product_words (docid, name, description) SELECT id, name, description FROM products;

CREATE TRIGGER products_inserted AFTER INSERT ON products BEGIN
    INSERT INTO product_words (docid, name, description) VALUES (new.id, new.name, new.description);
END;

-- The old words are found through the old row: they go before it does.
CREATE TRIGGER products_updating BEFORE UPDATE OF name, description ON products BEGIN
    DELETE FROM product_words WHERE docid = old.id;
END;

CREATE TRIGGER products_updated AFTER UPDATE OF name, description ON products BEGIN
    INSERT INTO product_words (docid, name, description) VALUES (new.id, new.name, new.description);
END;

CREATE TRIGGER products_deleting BEFORE DELETE ON products BEGIN
    DELETE FROM product_words WHERE docid = old.id;
END;
