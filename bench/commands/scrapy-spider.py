"""Saves the body of each URL of a list to a file: the least that a spider can do."""

import os

import scrapy


class FilesSpider(scrapy.Spider):
    name = "files"

    def start_requests(self):
        with open(self.list) as urls:
            for url in urls:
                yield scrapy.Request(url.strip(), dont_filter=True)

    def parse(self, response):
        path = os.path.join(self.folder, response.url.rsplit("/", 1)[1])
        with open(path, "wb") as file:
            file.write(response.body)
